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

/// What decides and tells: it runs once, and lies in every initramfs.
let small = strict + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

let package = Package(
    name: "kresume",
    products: [
        .executable(name: "kresume", targets: ["kresume"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-system", from: "1.6.0")
    ],
    targets: [
        // What several modules say in the same way.
        .target(name: "Bytes", swiftSettings: small),
        .target(name: "Explanation", swiftSettings: small),

        // Pure: formats and arithmetic. No system call, no file, no device.
        .target(
            name: "PhysicalMemory", dependencies: ["Bytes", "Explanation"], swiftSettings: strict),
        .target(
            name: "Architecture",
            dependencies: ["PhysicalMemory", "Checksum", "Bytes", "Explanation"],
            swiftSettings: strict),
        .target(
            name: "SwapArea", dependencies: ["PhysicalMemory", "Bytes"], swiftSettings: small),
        .target(
            name: "Fingerprint", dependencies: ["Checksum", "Bytes", "Explanation"],
            swiftSettings: small),
        .target(
            name: "SwapFiles", dependencies: ["SwapArea", "PhysicalMemory", "Bytes"],
            swiftSettings: small),
        .target(
            name: "KresumeImage",
            dependencies: [
                "Architecture", "Fingerprint", "SwapArea", "PhysicalMemory", "Checksum", "Sealing",
                "Bytes",
                "Explanation",
            ],
            swiftSettings: small),
        .target(
            name: "SwsuspImage",
            dependencies: [
                "Architecture", "SwapArea", "PhysicalMemory", "Checksum", "Compression", "Bytes",
                "Explanation",
            ],
            swiftSettings: strict),
        .target(
            name: "ELFCore", dependencies: ["PhysicalMemory", "Bytes", "Explanation"],
            swiftSettings: small),
        .target(
            name: "StoppedKernel",
            dependencies: ["Architecture", "ELFCore", "PhysicalMemory", "Bytes", "Explanation"],
            swiftSettings: strict),
        .target(
            name: "LinuxBoot", dependencies: ["PhysicalMemory", "Bytes", "Explanation"],
            swiftSettings: small),
        .target(
            name: "SaverPlan",
            dependencies: [
                "Architecture", "LinuxBoot", "KresumeImage", "Compression", "Sealing",
                "PhysicalMemory", "Bytes",
                "Explanation",
            ],
            swiftSettings: small),
        .target(
            name: "Placement",
            dependencies: ["Architecture", "PhysicalMemory", "Bytes", "Explanation"],
            swiftSettings: strict),
        .target(
            name: "ConfigurationFile", dependencies: ["Explanation"], swiftSettings: small),
        .target(
            name: "HibernateLocation", dependencies: ["Explanation"], swiftSettings: strict),
        .target(name: "BootEntry", swiftSettings: small),
        .target(
            name: "KeyFiles", dependencies: ["Sealing", "Checksum", "Bytes", "Explanation"],
            swiftSettings: small),

        // Libraries that work on bytes in memory.
        .target(name: "Checksum", dependencies: ["CXXHash", "CZlib"], swiftSettings: strict),
        .target(name: "Sealing", dependencies: ["CSodium"], swiftSettings: strict),
        .target(
            name: "Compression", dependencies: ["CLZ4", "CLZO", "CZstd", "Explanation"],
            swiftSettings: strict),
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
        .systemLibrary(
            name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),

        // The machine: every system call, device and file of the kernel's.
        .systemLibrary(
            name: "CBlkid", pkgConfig: "blkid", providers: [.apt(["libblkid-dev"])]),
        .systemLibrary(
            name: "CUring", pkgConfig: "liburing", providers: [.apt(["liburing-dev"])]),
        .target(name: "CLinux", dependencies: ["CUring"], cSettings: strictC),
        .target(name: "CHandoff", cSettings: strictC),
        .target(
            name: "Threads", dependencies: ["CLinux", "Explanation"], swiftSettings: strict),
        .target(
            name: "LinuxPlatform",
            dependencies: [
                "Architecture", "PhysicalMemory", "Threads", "Sealing", "Bytes", "Explanation",
                "CBlkid", "CLinux",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: small),

        // Pages on their way between device and memory, and the jump.
        .target(
            name: "Transfer",
            dependencies: [
                "Architecture", "SaverPlan", "KresumeImage", "SwsuspImage", "SwapArea", "ELFCore",
                "StoppedKernel",
                "Placement", "PhysicalMemory", "Checksum", "Compression", "Sealing", "Threads",
                "LinuxPlatform", "Bytes", "Explanation",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .target(
            name: "Restore",
            dependencies: [
                "Architecture", "Transfer", "Placement", "PhysicalMemory", "Threads",
                "LinuxPlatform", "CHandoff",
                "Explanation",
            ],
            swiftSettings: strict),

        // The workflows, and the command that starts them.
        .target(
            name: "Hibernation",
            dependencies: [
                "Architecture", "SwapFiles",
                "Restore", "Transfer", "SaverPlan", "LinuxBoot", "StoppedKernel", "ELFCore",
                "Fingerprint", "KresumeImage", "SwsuspImage", "SwapArea", "Placement",
                "PhysicalMemory", "HibernateLocation", "BootEntry", "Checksum", "Sealing",
                "KeyFiles",
                "Compression", "Bytes", "Threads", "LinuxPlatform", "Explanation",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: small),
        .target(name: "CGetopt", cSettings: strictC),
        .executableTarget(
            name: "kresume",
            dependencies: [
                "Hibernation", "LinuxPlatform", "ConfigurationFile", "Explanation", "CGetopt",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: small),

        // What tests of several modules use.
        .target(
            name: "TestSupport",
            dependencies: [
                "Architecture", "Hibernation", "LinuxPlatform", "LinuxBoot", "PhysicalMemory",
                "Sealing", "Threads",
                "StoppedKernel", "Bytes",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Support", swiftSettings: strict),

        .testTarget(
            name: "PhysicalMemoryTests", dependencies: ["PhysicalMemory", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ArchitectureTests",
            dependencies: ["Architecture", "PhysicalMemory", "Bytes", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "FingerprintTests",
            dependencies: [
                "Fingerprint", "Explanation", "MachineHarness", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SwapFilesTests",
            dependencies: [
                "SwapFiles", "SwapArea", "MachineHarness", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "KresumeImageTests",
            dependencies: [
                "KresumeImage", "Fingerprint", "SwapArea", "PhysicalMemory", "Checksum", "Sealing",
                "Bytes", "Explanation", "TestSupport",
            ], swiftSettings: strict),
        .testTarget(
            name: "SealingTests", dependencies: ["Sealing"], swiftSettings: strict),
        .testTarget(
            name: "KeyFilesTests", dependencies: ["KeyFiles", "Sealing", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "SwsuspImageTests",
            dependencies: [
                "Architecture", "SwsuspImage", "SwapArea", "PhysicalMemory", "Checksum", "Bytes",
                "CLZ4", "CLZO",
                "Explanation", "TestSupport",
            ], swiftSettings: strict),
        .testTarget(
            name: "ELFCoreTests", dependencies: ["ELFCore", "PhysicalMemory", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "StoppedKernelTests",
            dependencies: ["StoppedKernel", "ELFCore", "PhysicalMemory", "Bytes", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "LinuxBootTests",
            dependencies: [
                "LinuxBoot", "PhysicalMemory", "Bytes", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ], swiftSettings: strict),
        .testTarget(
            name: "SaverPlanTests",
            dependencies: [
                "SaverPlan", "LinuxBoot", "KresumeImage", "PhysicalMemory", "ELFCore",
                "StoppedKernel", "Bytes", "Compression", "CHandoff", "TestSupport",
            ], swiftSettings: strict),
        .testTarget(
            name: "PlacementTests",
            dependencies: [
                "Architecture", "Placement", "PhysicalMemory", "Bytes", "CHandoff", "TestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "CompressionTests",
            dependencies: ["Compression", "Checksum", "CLZO", "TestSupport"],
            swiftSettings: strict),
        .testTarget(name: "ThreadsTests", dependencies: ["Threads"], swiftSettings: strict),
        .testTarget(
            name: "ConfigurationFileTests", dependencies: ["ConfigurationFile"],
            swiftSettings: strict),
        .testTarget(
            name: "HibernateLocationTests", dependencies: ["HibernateLocation"],
            swiftSettings: strict),
        .testTarget(name: "BootEntryTests", dependencies: ["BootEntry"], swiftSettings: strict),
        .testTarget(
            name: "LinuxPlatformTests",
            dependencies: [
                "Architecture", "TestSupport", "LinuxPlatform", "PhysicalMemory", "Threads",
                .product(name: "SystemPackage", package: "swift-system"),
            ], swiftSettings: strict),
        .testTarget(
            name: "TransferTests",
            dependencies: [
                "Architecture", "TestSupport", "Transfer", "Placement", "KresumeImage", "SwapArea",
                "SaverPlan",
                "StoppedKernel", "LinuxPlatform", "PhysicalMemory", "Threads", "Bytes",
                .product(name: "SystemPackage", package: "swift-system"),
            ], swiftSettings: strict),
        .testTarget(
            name: "HibernationTests",
            dependencies: [
                "Architecture", "Hibernation", "Restore", "Transfer", "SaverPlan", "LinuxBoot",
                "KresumeImage",
                "Fingerprint", "SwapArea", "Placement", "HibernateLocation", "BootEntry",
                "LinuxPlatform", "PhysicalMemory", "Checksum", "Sealing", "KeyFiles", "Bytes",
                "Threads", "CHandoff",
                "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "KresumeTests",
            dependencies: [
                "kresume", "ConfigurationFile", "Hibernation", "LinuxPlatform",
                .product(name: "SystemPackage", package: "swift-system"),
            ], swiftSettings: strict),

        // Sentences: of every case of every error.
        .testTarget(
            name: "ExplanationTests",
            dependencies: [
                "Architecture", "Explanation", "ConfigurationFile", "KresumeImage", "SwsuspImage",
                "SwapArea",
                "Compression", "ELFCore", "StoppedKernel", "LinuxBoot", "SaverPlan", "Placement",
                "HibernateLocation", "PhysicalMemory", "LinuxPlatform", "Transfer", "Restore",
                "Hibernation", "KeyFiles", "kresume", "Threads",
                .product(name: "SystemPackage", package: "swift-system"),
            ], swiftSettings: strict),

        // The shell files for an initramfs, among stand-ins.
        .testTarget(name: "HookTests", swiftSettings: strict),

        // How a restore's plan grows, natively.
        .executableTarget(
            name: "scale",
            dependencies: [
                "Architecture", "LinuxPlatform", "PhysicalMemory", "Placement", "StoppedKernel",
                "TestSupport",
                "Threads", "Transfer",
            ], path: "Tests/Scale", swiftSettings: strict),

        // Virtual machines that run kresume on real kernels: tests, a demonstration, and figures.
        .target(
            name: "MachineHarness", path: "Tests/Machines/Harness", swiftSettings: strict),
        .testTarget(
            name: "MachineTests",
            dependencies: ["MachineHarness", "KeyFiles", "Sealing", "CXXHash", "TestSupport"],
            path: "Tests/Machines/Tests",
            swiftSettings: strict),
        .executableTarget(
            name: "machine-demo", dependencies: ["MachineHarness"], path: "Tests/Machines/Demo",
            swiftSettings: strict),
        .executableTarget(
            name: "machine-soak", dependencies: ["MachineHarness"], path: "Tests/Machines/Soak",
            swiftSettings: strict),
        .executableTarget(
            name: "machine-matrix", dependencies: ["MachineHarness"], path: "Tests/Machines/Matrix",
            swiftSettings: strict),
        .executableTarget(
            name: "machine-bench",
            dependencies: ["MachineHarness", "Checksum", "Compression", "Sealing", "CLZO"],
            path: "Tests/Machines/Bench", swiftSettings: strict),
        .testTarget(
            name: "BenchTests", dependencies: ["machine-bench"], path: "Tests/BenchTests",
            swiftSettings: strict),
    ]
)

// For `make fuzz`: the fuzzer instead of the tests, of which it has some files (and a file belongs
// to one target only). libFuzzer brings its `main` (--sanitize=fuzzer).
if Context.environment["KRESUME_FUZZ"] != nil {
    package.targets.removeAll { $0.type == .test }
    package.targets.append(
        .executableTarget(
            name: "kresume-fuzz",
            dependencies: [
                "Fingerprint", "SwapFiles", "KresumeImage", "SwsuspImage", "SwapArea", "ELFCore",
                "StoppedKernel", "LinuxBoot", "SaverPlan", "ConfigurationFile", "HibernateLocation",
                "PhysicalMemory", "Architecture", "Checksum", "Compression", "Sealing", "KeyFiles",
                "Bytes", "CLZ4", "CLZO", "TestSupport",
            ],
            path: "Tests/Fuzz", exclude: ["run"], swiftSettings: strict))
}
