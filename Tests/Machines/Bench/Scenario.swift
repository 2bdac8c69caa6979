// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness

/// A machine, and which images are made of it.
struct Scenario: Sendable {
    /// An image of the kernel's own, and how it is asked for.
    struct Stock: Sendable {
        var name: String
        /// For the kernel command line.
        var parameter: String
        /// No two of its pages adjoin on the disk.
        var isScattered = false
    }

    /// An image of ours, and the options of `kresume hibernate` for it.
    struct Own: Sendable {
        var name: String
        var options: [String] = []
        /// With a key that has no passphrase.
        var isEncrypted = false
    }

    /// Images that one guest makes in turn, in each round of it.
    struct Turns: Sendable {
        var stock: Stock?
        var own: [Own] = []
    }

    var name: String
    /// For the table.
    var description: String
    /// MiB.
    var memory: Int
    /// MiB of ``Workload`` in memory.
    var data: Int
    /// For the kernel command line.
    var parameters: [String] = []
    /// How fast the disk is for who resumes; nil: as fast as it goes.
    var readLimit: Disk.ReadLimit?
    /// Half of memory is the most that the kernel can make an image of: it swaps out what is too much, and
    /// reads that again when somebody wants it.
    var exceedsKernel = false
    var turns: [Turns]
}

extension Scenario {
    static let compressions = [
        Own(name: "own LZ4"), Own(name: "own zstd", options: ["--compression=zstd"]),
        Own(name: "own auto", options: ["--compression=auto"]),
    ]
    static let encrypted = Own(name: "own LZ4, encrypted", isEncrypted: true)
    private static let none = Stock(name: "uncompressed", parameter: "hibernate=nocompress")
    private static let lz4 = Stock(name: "LZ4", parameter: "hibernate.compressor=lz4")
    /// What the kernel does unless told otherwise: ours is compared with this one.
    static let lzo = Stock(name: "LZO", parameter: "hibernate.compressor=lzo")
    static let scatteredSuffix = "-scattered"
    private static let scattered = [none, lzo].map {
        Stock(name: $0.name + scatteredSuffix, parameter: $0.parameter, isScattered: true)
    }

    private static let all = [
        Turns(stock: none), Turns(stock: lzo, own: compressions + [encrypted]),
        Turns(stock: lz4),
    ]
    private static let scatteredToo = all + scattered.map { Turns(stock: $0) }

    /// A twentieth of 3 GB and of three quarters of a million requests a second: what such a device is beside a
    /// processor, it is beside an emulated one, which takes about twenty times as long.
    private static let twentieth = Disk.ReadLimit(
        bytesPerSecond: 150_000_000, requestsPerSecond: 37500)

    static let list = [
        Scenario(
            name: "idle", description: "768 MiB, idle", memory: 768, data: 0,
            turns: [Turns(own: compressions)]),
        // What is free is zero, so the image has the memory in use and nothing else.
        Scenario(
            name: "zeroed", description: "768 MiB, idle, init_on_free=1", memory: 768, data: 0,
            parameters: ["init_on_free=1"], turns: [Turns(own: compressions)]),
        Scenario(
            name: "small", description: "768 MiB, 100 MB in use", memory: 768, data: 95,
            turns: all),
        Scenario(
            name: "mixed", description: "2 GiB, 1 GB in use", memory: 2048, data: 954,
            turns: scatteredToo),
        Scenario(
            name: "limited", description: "2 GiB, 1 GB in use, a disk of 150 MB/s",
            memory: 2048, data: 954, readLimit: twentieth,
            turns: ([none, lzo] + scattered).map { Turns(stock: $0) }),
        Scenario(
            name: "large", description: "2 GiB, 70 % in use", memory: 2048, data: 1335,
            exceedsKernel: true, turns: [Turns(stock: lzo, own: compressions)]),
    ]
}
