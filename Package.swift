// swift-tools-version: 6.2
// SPDX-License-Identifier: GPL-2.0-or-later

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let strictC: [CSetting] = [
    .unsafeFlags(["-Wall", "-Wextra", "-Werror"])
]

let package = Package(
    name: "kresume",
    products: [
        .executable(name: "kresume", targets: ["kresume"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-system", from: "1.6.0")
    ],
    targets: [
        // Pure: formats and arithmetic. No system call, no file, no device.
        .target(name: "PhysicalMemory", swiftSettings: strict),
        .target(
            name: "KresumeImage", dependencies: ["PhysicalMemory", "Checksum"],
            swiftSettings: strict),
        .target(
            name: "SwsuspImage",
            dependencies: ["PhysicalMemory", "KresumeImage", "Checksum", "Compression"],
            swiftSettings: strict),
        .target(name: "CoreDump", dependencies: ["PhysicalMemory"], swiftSettings: strict),
        .target(name: "BootProtocol", dependencies: ["PhysicalMemory"], swiftSettings: strict),
        .target(name: "Placement", dependencies: ["PhysicalMemory"], swiftSettings: strict),

        .target(name: "ConfigurationFile", swiftSettings: strict),
        .target(name: "HibernateLocation", swiftSettings: strict),

        // Libraries that work on bytes in memory.
        .target(name: "Checksum", dependencies: ["CXXHash", "CZlib"], swiftSettings: strict),
        .target(
            name: "Compression", dependencies: ["CLZ4", "CLZO", "CZstd"], swiftSettings: strict),
        .systemLibrary(
            name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(
            name: "CLZO", pkgConfig: "lzo2", providers: [.apt(["liblzo2-dev"])]),
        .systemLibrary(
            name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(
            name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),

        // The machine: every system call, device and file of the kernel's.
        .systemLibrary(
            name: "CBlkid", pkgConfig: "blkid", providers: [.apt(["libblkid-dev"])]),
        .target(name: "CLinux", cSettings: strictC),
        .target(name: "CHandoff", cSettings: strictC),
        .target(
            name: "LinuxPlatform",
            dependencies: [
                "PhysicalMemory", "CBlkid", "CLinux",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),

        // The workflows, and the command that starts them.
        .target(
            name: "Hibernation",
            dependencies: [
                "PhysicalMemory", "KresumeImage", "SwsuspImage", "CoreDump", "BootProtocol",
                "Placement", "HibernateLocation", "Checksum", "Compression", "CHandoff",
                "LinuxPlatform",
            ],
            swiftSettings: strict),
        .target(name: "CGetopt", cSettings: strictC),
        .executableTarget(
            name: "kresume",
            dependencies: [
                "Hibernation", "LinuxPlatform", "ConfigurationFile", "CGetopt",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),

        .testTarget(
            name: "PhysicalMemoryTests", dependencies: ["PhysicalMemory"], swiftSettings: strict),
        .testTarget(
            name: "KresumeImageTests",
            dependencies: ["KresumeImage", "PhysicalMemory", "Checksum"],
            swiftSettings: strict),
        .testTarget(
            name: "CoreDumpTests", dependencies: ["CoreDump", "PhysicalMemory"],
            swiftSettings: strict),
        .testTarget(
            name: "BootProtocolTests",
            dependencies: ["BootProtocol", "PhysicalMemory", "CoreDump", "CHandoff"],
            swiftSettings: strict),
        .testTarget(
            name: "PlacementTests", dependencies: ["Placement", "CHandoff"],
            swiftSettings: strict),
        .testTarget(
            name: "CompressionTests", dependencies: ["Compression", "Checksum", "CLZO"],
            swiftSettings: strict),
        .testTarget(
            name: "SwsuspImageTests",
            dependencies: [
                "SwsuspImage", "KresumeImage", "PhysicalMemory", "Checksum", "CLZ4", "CLZO",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "LinuxPlatformTests",
            dependencies: [
                "LinuxPlatform", "PhysicalMemory",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),

        .testTarget(
            name: "ConfigurationFileTests", dependencies: ["ConfigurationFile"],
            swiftSettings: strict),
        .testTarget(
            name: "HibernateLocationTests", dependencies: ["HibernateLocation"],
            swiftSettings: strict),
        .testTarget(
            name: "HibernationTests",
            dependencies: ["Hibernation", "Placement", "LinuxPlatform", "PhysicalMemory"],
            swiftSettings: strict),
        .testTarget(
            name: "KresumeTests",
            dependencies: [
                "kresume", "ConfigurationFile", "Hibernation", "LinuxPlatform",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),

        // The shell files for an initramfs, among stand-ins.
        .testTarget(name: "HookTests", swiftSettings: strict),

        // Virtual machines that run kresume on real kernels: tests, a demonstration, and figures.
        .target(
            name: "MachineHarness", path: "Tests/Machines/Harness", swiftSettings: strict),
        .testTarget(
            name: "MachineTests", dependencies: ["MachineHarness", "CXXHash"],
            path: "Tests/Machines/Tests",
            swiftSettings: strict),
        .executableTarget(
            name: "machine-demo", dependencies: ["MachineHarness"], path: "Tests/Machines/Demo",
            swiftSettings: strict),
        .executableTarget(
            name: "machine-bench",
            dependencies: ["MachineHarness", "Checksum", "Compression", "CLZO"],
            path: "Tests/Machines/Bench", swiftSettings: strict),
        .testTarget(
            name: "BenchTests", dependencies: ["machine-bench"], path: "Tests/BenchTests",
            swiftSettings: strict),
    ]
)
