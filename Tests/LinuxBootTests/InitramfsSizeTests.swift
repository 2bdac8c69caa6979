// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Foundation
import LinuxBoot
import SystemPackage
import TestSupport
import Testing

@Suite struct InitramfsSizeTests {
    /// What packs to about a half.
    private static let half: [UInt8] = {
        var random = SplitMix(state: 1)
        let words = (0..<200_000).map { _ in random.next() & 0x0f0f_0f0f_0f0f_0f0f }
        return words.withUnsafeBytes { Array($0) }
    }()

    /// An archive with files of these sizes, and how much memory it takes.
    private static func archive(_ sizes: [Int]) -> (bytes: [UInt8], memory: UInt64) {
        var archive = InitramfsArchive()
        for (number, size) in sizes.enumerated() {
            _ = archive.addProgram(
                "file\(number)", Array(half[..<size]))
        }
        let memory = sizes.reduce(0) { $0 + $1.roundedUp(to: 4096) + 1024 }
        return (archive.bytes(), UInt64(memory))
    }

    @Test func nothing() {
        #expect(InitramfsSize(of: []).unpacked == 0 && InitramfsSize(of: []).isKnown)
        #expect(InitramfsSize(of: [UInt8](repeating: 0, count: 5000)).unpacked == 0)
    }

    @Test func plainArchives() {
        let (one, oneSize) = Self.archive([1, 4096, 4097, 0])
        let (two, twoSize) = Self.archive([100_000])
        let zeroes = [UInt8](repeating: 0, count: 508)
        let size = InitramfsSize(of: zeroes + one + zeroes + two + zeroes)
        #expect(size.isKnown && !size.isCut && size.unpacked == oneSize + twoSize)
        #expect(oneSize == 4 * 4096 + 4 * 1024)
    }

    /// As the programs themselves pack them, from a pipe, behind an archive with microcode.
    @Test(
        arguments: [
            ["zstd", "-q", "-1", "-T0"], ["zstd", "-q", "-19"], ["zstd", "-q", "--no-check"],
            ["gzip", "-n"], ["xz", "--check=crc32"], ["xz", "-T2", "--block-size=128KiB"],
            ["lz4", "-l", "-q", "-"],
        ])
    func packedArchives(command: [String]) throws {
        let (microcode, microcodeSize) = Self.archive([100_000])
        let (main, _) = Self.archive([100_000, 20, 1_300_000, 12_345])
        let tree = try TemporaryTree()
        let path = try tree.write(main, to: "main")
        let packed = try Self.pack(path.string, by: command)
        for end in [[], [UInt8](repeating: 0, count: 512)] {
            let size = InitramfsSize(of: microcode + packed + end)
            // Behind gzip's data there must be nothing.
            if command[0] == "gzip", !end.isEmpty {
                #expect(!size.isKnown)
                continue
            }
            #expect(size.isKnown && !size.isCut, "\(command)")
            let unpacked = size.unpacked - microcodeSize
            #expect(unpacked >= main.count)
            // LZ4's last block may be anything.
            let slack = command[0] == "lz4" ? 9 << 20 : 1 << 18
            #expect(unpacked <= main.count + main.count / 8 + slack, "\(command): \(unpacked)")
        }
        // Cut short, it is read to its end and no further; some say that they are.
        for count in stride(from: 29_989, to: packed.count, by: 29_989) {
            let size = InitramfsSize(of: Array(packed[..<count]))
            if ["zstd", "lz4"].contains(command[0]) { #expect(size.isCut, "\(command) \(count)") }
            let plain = InitramfsSize(of: Array(main[..<count]))
            #expect(plain.isCut && !plain.isKnown)
        }
    }

    private static func pack(_ path: String, by command: [String]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: path))
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return bytes
    }

    /// What does not say how large it is, is taken for six times what it is.
    @Test(arguments: [
        Array("BZh91AY&SY".utf8), [0x89, 0x4c, 0x5a, 0x4f], [1, 2, 3],
        [0x5d, 0, 0, 0x80, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        // A reserved kind of block.
        [0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x68, 0x07, 0, 0],
        Array("070707".utf8),
    ])
    func aGuess(magic: [UInt8]) {
        let (plain, plainSize) = Self.archive([5])
        let bytes = magic + [UInt8](repeating: 0xff, count: 10_000)
        let size = InitramfsSize(of: plain + bytes)
        #expect(!size.isKnown && size.unpacked == plainSize + UInt64(bytes.count) * 6)
    }

    @Test func sizesThatCannotBe() {
        // Gzip: less than it is packed to, and more than Deflate can.
        for size in [UInt32(9000), 12_000_000] {
            var bytes = [0x1f, 0x8b, 8] + [UInt8](repeating: 0xff, count: 10_000)
            bytes.append(littleEndian: size)
            #expect(!InitramfsSize(of: bytes).isKnown)
        }
        var bytes: [UInt8] = [0x1f, 0x8b, 8] + [UInt8](repeating: 0xff, count: 10_000)
        bytes.append(littleEndian: UInt32(30_000))
        #expect(InitramfsSize(of: bytes).unpacked == 33_750)
        // LZMA's old format.
        bytes = [0x5d, 0, 0, 0x80, 0]
        bytes.append(littleEndian: UInt64(40_000))
        bytes += [UInt8](repeating: 0xff, count: 10_000)
        #expect(InitramfsSize(of: bytes).unpacked == 45_000)
    }

    /// Indexes of xz: within the header of the stream, and with blocks that are too large together.
    @Test func xzThatCannotBe() {
        func stream(_ contents: [UInt8], index: Int) -> [UInt8] {
            var bytes: [UInt8] = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0] + contents
            let words = (bytes.count - index) / 4
            bytes += [0, 0, 0, 0]
            bytes.append(littleEndian: UInt32(words - 1))
            return bytes + [0, 1] + "YZ".utf8
        }
        #expect(!InitramfsSize(of: stream([0, 0, 0, 0, 0, 0, 0], index: 5)).isKnown)
        // Each of 100,000 says 2^48 - 4 bytes.
        let block: [UInt8] = [0, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f]
        let blocks: [UInt8] = [0, 0xa0, 0x8d, 0x06] + (0..<100_000).flatMap { _ in block }
        let contents = [UInt8](repeating: 0, count: 6) + blocks
        #expect(!InitramfsSize(of: stream(contents, index: 12)).isKnown)
    }

    /// Written to a file, a frame says how large it is, in one, two, four or eight bytes.
    @Test(
        arguments: [
            ([0x20, 200], 200), ([0x60, 0x10, 0x01], 256 + 0x110),
            ([0xa0, 0x10, 0x01, 0, 0], 0x110),
            ([0xc1, 0x68, 7, 0x10, 0x01, 0, 0, 0, 0, 0, 0], 0x110),
        ] as [([UInt8], UInt64)])
    func zstandardWithASize(head: [UInt8], expected: UInt64) {
        let block: [UInt8] = [UInt8(50 << 3 & 255) | 5, 50 >> 5, 0]
        let frame = [0x28, 0xb5, 0x2f, 0xfd] + head + block + [UInt8](repeating: 1, count: 50)
        let (plain, plainSize) = Self.archive([5])
        let size = InitramfsSize(of: frame + plain)
        #expect(size.isKnown && size.unpacked == expected + expected / 8 + plainSize)
    }

    @Test func lz4StreamsOneAfterTheOther() {
        let stream: [UInt8] = [0x02, 0x21, 0x4c, 0x18, 3, 0, 0, 0, 1, 2, 3]
        let size = InitramfsSize(of: stream + stream + [UInt8](repeating: 0, count: 9))
        #expect(size.isKnown && size.unpacked == 2 * 3 * 255 / 8 * 9 + 2)
        #expect(InitramfsSize(of: stream + stream.dropLast()).isCut)
    }

    /// One block of each kind; the frame says nothing.
    @Test func zstandardBlocks() {
        func block(_ kind: Int, _ size: Int, _ isLast: Bool = false) -> [UInt8] {
            let word = UInt32(size << 3 | kind << 1 | (isLast ? 1 : 0))
            return Array([UInt8(word & 255), UInt8(word >> 8 & 255), UInt8(word >> 16)])
        }
        var frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x68]  // window: 8 MiB
        frame += block(0, 80) + [UInt8](repeating: 1, count: 80)
        frame += block(1, 10_000) + [7]
        frame += block(2, 50, true) + [UInt8](repeating: 1, count: 50) + [1, 2, 3, 4]
        let expected: UInt64 = 80 + 10_000 + 128 << 10
        #expect(InitramfsSize(of: frame).unpacked == (expected + expected / 8))
        // Two frames, then a plain archive.
        let (plain, plainSize) = Self.archive([5])
        #expect(
            InitramfsSize(of: frame + frame + plain).unpacked
                == 2 * (expected + expected / 8) + plainSize)
        // A small window: 1 KiB and seven eighths of it.
        frame[5] = 7
        #expect(InitramfsSize(of: frame).unpacked == (10_080 + 1920) / 8 * 9)
    }
}
