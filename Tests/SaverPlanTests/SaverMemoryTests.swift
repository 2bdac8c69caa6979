// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Compression
import LinuxBoot
import TestSupport
import Testing

@testable import SaverPlan

private let mebibyte: UInt64 = 1 << 20

@Suite struct SaverMemoryTests {
    private static func memory(
        initrd: [UInt8] = [], cpuCount: Int = 2, ram: UInt64 = 4 << 30, level: Int? = nil,
        keySlots: UInt64? = nil
    ) throws -> SaverMemory {
        SaverMemory(
            kernel: try kernel(), initramfs: InitramfsSize(of: initrd),
            initrdSize: UInt64(initrd.count), guardSize: 300 << 10, cpuCount: cpuCount,
            ram: ram, level: level, keySlots: keySlots)
    }

    /// An initramfs with one file, not packed.
    private static func initrd(_ size: Int) -> [UInt8] {
        var archive = InitramfsArchive()
        _ = archive.addProgram("init", [UInt8](repeating: 1, count: size))
        return archive.bytes()
    }

    @Test func itIsTheSumOfItsParts() throws {
        let memory = try Self.memory(initrd: Self.initrd(100 << 20))
        let sum = memory.parts.reduce(0) { $0 + $1.size }
        #expect(memory.size >= sum && memory.size < sum + mebibyte)
        #expect(memory.size % mebibyte == 0)
        // It lies there packed, and unpacked; not packed at all, that is twice.
        #expect(memory.size > 200 * mebibyte && memory.size < 320 * mebibyte)
        #expect(try Self.memory().size >= SaverRegion.leastSize)
    }

    @Test func eachCauseCounts() throws {
        let initrd = Self.initrd(60 << 20)
        let size = { (change: (cpus: Int, ram: UInt64, level: Int?, keySlots: UInt64?)) in
            try Self.memory(
                initrd: initrd, cpuCount: change.cpus, ram: change.ram, level: change.level,
                keySlots: change.keySlots
            ).size
        }
        let least = try size((2, 4 << 30, nil, nil))
        // What is needed in turn counts only where it is more than what comes before.
        #expect(try size((2, 4 << 30, 1, 8 << 20)) == least)
        #expect(try size((4, 4 << 30, nil, nil)) > least)
        #expect(try size((2, 4 << 30, nil, 1 << 30)) > least + 900 * mebibyte)
        let thorough = try size((10, 4 << 30, 19, nil))
        #expect(thorough > least + 100 * mebibyte)
        #expect(try size((300, 4 << 30, 19, nil)) == thorough)
        #expect(try size((2, 1 << 40, nil, nil)) > least + 60 * mebibyte)
    }

    /// What libzstd takes when it packs, and not what it says.
    @Test(arguments: [1, 3, 9, 15, 19]) func compressorsTakeWhatIsExpected(level: Int) throws {
        let expected = Zstandard.compressorSize(level: level, forBlocksOf: 1 << 20)
        let compressor = try #require(Zstandard.Compressor(level: level))
        var random = SplitMix(state: 1)
        let words = (0..<1 << 17).map { _ in random.next() & 0x0f0f_0f0f_0f0f_0f0f }
        var packed = [UInt8](repeating: 0, count: 1 << 20)
        let size = words.withUnsafeBytes { source in
            packed.withUnsafeMutableBytes { compressor.compress(source, into: $0) }
        }
        #expect(size != nil)
        #expect(compressor.memorySize <= expected && compressor.memorySize > expected / 2)
    }

    @Test func theKernelIsKeptToIt() {
        let few = SaverMemory.options(cpuCount: 10, beside: KernelCommandLine())
        #expect(few.text == "rootfstype=ramfs swiotlb=2048")
        let many = SaverMemory.options(
            cpuCount: 11, beside: KernelCommandLine(parsing: "swiotlb=force"))
        #expect(many.text == "rootfstype=ramfs nr_cpus=10 no_ipi_broadcast=1")
    }
}

@Suite struct KeySlotsTests {
    private static func header(_ json: String, size: UInt64 = 16384) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 16384)
        header.store(Array("LUKS".utf8) + [0xba, 0xbe, 0, 2], at: 0)
        header.store(size.byteSwapped, at: 8)
        header.store(json.utf8, at: 4096)
        return header
    }

    @Test func theMostIsTaken() {
        let json = """
            {"keyslots":{"0":{"type":"luks2","key_size":64,"kdf":{"type":"argon2id","time":4,\
            "memory":1048576,"cpus":4,"salt":"x"}},"1":{"kdf":{"type":"pbkdf2","hash":"sha256"}},\
            "2":{"kdf":{"type":"argon2i","memory" : 65536}}},"config":{"json_size":"12288"}}
            """
        #expect(KeySlots.memory(of: Self.header(json)) == 1 << 30)
    }

    @Test(
        arguments: [
            ("", 0), ("{\"kdf\":{\"type\":\"pbkdf2\",\"iterations\":5}}", 0), ("\"memory\"", 0),
            ("\"memory\":\"7\"", 0), ("\"memory\":", 0), ("\"memor\"memory\":8", 8 << 10),
            // More than cryptsetup takes, and more than a number holds.
            ("\"memory\":99999999", 4 << 30), ("\"memory\":99999999999999999999999", 4 << 30),
            // Behind the text's end.
            ("{}\0\"memory\":5", 0),
        ] as [(String, UInt64)])
    func anyText(json: String, memory: UInt64) {
        #expect(KeySlots.memory(of: Self.header(json)) == memory)
    }

    @Test func whatIsNoHeader() {
        let header = Self.header("\"memory\":5")
        #expect(KeySlots.memory(of: header) == 5 << 10)
        #expect(KeySlots.memory(of: []) == 0)
        #expect(KeySlots.memory(of: Array(header.prefix(4095))) == 0)
        #expect(KeySlots.memory(of: Array(header.prefix(4096))) == 0)
        var other = header
        other[7] = 1
        #expect(KeySlots.memory(of: other) == 0)
        for size in [0, 4096, 4100, UInt64.max] {
            let memory = KeySlots.memory(of: Self.header("\"memory\":5", size: size))
            #expect(memory == (size > 4107 ? 5 << 10 : 0))
        }
    }
}
