// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import Testing

@testable import Hibernation

@Suite struct InitramfsContentsTests {
    private static func archive(_ names: [String]) -> [UInt8] {
        var archive = InitramfsArchive()
        for name in names { _ = archive.addProgram(name, [UInt8](repeating: 7, count: 5001)) }
        return archive.bytes()
    }

    private static let program = InitramfsContents.program
    private static let key = "etc/kresume/image-key"

    /// Of the program and the key.
    private static func look(_ bytes: [UInt8]) -> InitramfsContents {
        InitramfsContents(of: bytes, lookingFor: [program, key])
    }

    private static let with = archive(["init", "usr/bin/kresume", "etc/fstab"])
    private static let without = archive(["init", "scripts/local-premount/kresume"])

    /// LZ4 as the kernel reads it, and Zstandard, of bytes that are not packed at all.
    private static func stored(_ bytes: [UInt8], in kind: Kind) -> [UInt8] {
        func littleEndian(_ value: Int) -> [UInt8] {
            withUnsafeBytes(of: UInt32(value).littleEndian) { Array($0) }
        }
        switch kind {
        case .plain: return bytes
        case .zstandard:
            var result: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68]
            for start in stride(from: 0, to: bytes.count, by: 1000) {
                let block = bytes[start..<min(start + 1000, bytes.count)]
                let isLast = start + 1000 >= bytes.count ? 1 : 0
                result += littleEndian(block.count << 3 | isLast).prefix(3) + block
            }
            return result
        case .lz4:
            let block = [0xf0] + lengths(bytes.count - 15) + bytes
            return [0x02, 0x21, 0x4c, 0x18] + littleEndian(block.count) + block
        }
    }

    private static func lengths(_ count: Int) -> [UInt8] {
        [UInt8](repeating: 255, count: count / 255) + [UInt8(count % 255)]
    }

    enum Kind: CaseIterable { case plain, zstandard, lz4 }

    @Test(arguments: Kind.allCases) func isSeen(kind: Kind) {
        let microcode = Self.archive(["kernel/x86/microcode"]) + [0, 0, 0, 0]
        let found = Self.look(microcode + Self.stored(Self.with, in: kind))
        #expect(found.has(Self.program) == true && found.has(Self.key) == false)
        let other = Self.look(microcode + Self.stored(Self.without, in: kind))
        #expect(other.has(Self.program) == false && other.has(Self.key) == false)
        let both = Self.archive(["usr/bin/kresume", "etc/kresume", "etc/kresume/image-key", "x"])
        let all = Self.look(microcode + Self.stored(both, in: kind))
        #expect(all.has(Self.program) == true && all.has(Self.key) == true)
    }

    /// It is not a number where it has a sign, or more than a name can have.
    @Test(arguments: ["-0000001", "+fffffff", "0000zzzz", "ffffffff"])
    func aHeaderThatIsNone(number: String) {
        for field in [6, 11] {
            var bytes = Self.without
            bytes.replaceSubrange(6 + 8 * field..<14 + 8 * field, with: number.utf8)
            _ = Self.look(bytes)
            _ = InitramfsSize(of: bytes)
            var names = ArchiveNames()
            let count = bytes.withUnsafeBytes { names.take($0) { _ in } }
            #expect(count == 0 || number.hasPrefix("+") || number == "ffffffff")
        }
    }

    @Test func whatIsNotReadIsNotKnown() {
        #expect(Self.look([0x1f, 0x8b, 8, 0, 0, 0]).has(Self.program) == nil)
        #expect(Self.look([]).has(Self.program) == false)
        let packed = Self.stored(Self.without, in: .zstandard)
        #expect(Self.look(Array(packed.prefix(20)) + [0xff, 0xff, 0xff]).has(Self.program) == nil)
        let lz4 = Self.stored(Self.without, in: .lz4)
        #expect(Self.look(Array(lz4.prefix(200))).has(Self.program) == nil)
    }

    /// However the bytes come.
    @Test(arguments: [1, 7, 110, 4096]) func inPieces(size: Int) {
        let bytes = Self.archive(["a", "usr/bin/kresume"]) + [0, 0] + Self.archive(["b"])
        var names = ArchiveNames()
        var found: [String] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            let count = piece.withUnsafeBytes { names.take($0) { found.append($0) } }
            #expect(count == piece.count)
        }
        #expect(
            found.filter { !["TRAILER!!!", "usr", "usr/bin"].contains($0) }
                == ["a", "usr/bin/kresume", "b"])
    }
}
