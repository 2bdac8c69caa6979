// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

@Suite struct StorageTests {
    /// An image in a file; the last block is not a whole one.
    private static let contents = (0..<10_001).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }

    @Test(arguments: [(0, 10), (4090, 12), (1, 10_000), (10_000, 1), (10_001, 0), (8192, 512)])
    func readBytes(_ offset: Int, _ count: Int) throws {
        let tree = try TemporaryTree()
        let path = try tree.write(Self.contents, to: "image")
        let device = try BlockDevice(open: path, .read)
        let expected = Array(Self.contents[offset..<(offset + count)])
        #expect(try device.readBytes(at: UInt64(offset), count: count) == expected)
        let core = try CoreFile(open: path)
        #expect(try core.readBytes(at: UInt64(offset), count: count) == expected)
        if count > 0 {
            let window = try core.window(at: UInt64(offset), count: count)
            #expect(Array(window.bytes) == expected)
        }
        #expect(device.size == 10_001 && device.number == nil && core.size == 10_001)
    }

    @Test(arguments: [(10_001, 1), (0, 10_002), (UInt64.max, 1), (UInt64.max - 1, 4), (1 << 63, 0)])
    func beyondEnd(_ offset: UInt64, _ count: Int) throws {
        let tree = try TemporaryTree()
        let path = try tree.write(Self.contents, to: "image")
        let error = PlatformError.beyondEnd(
            path: path, offset: offset, count: count, size: 10_001)
        let device = try BlockDevice(open: path, .readWrite)
        let core = try CoreFile(open: path)
        let buffer = AlignedBuffer(count: max(count, 1))
        let part = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<count])
        #expect(throws: error) { try device.readBytes(at: offset, count: count) }
        #expect(throws: error) { try device.read(into: part, at: offset) }
        #expect(throws: error) { try device.write(from: .init(part), at: offset) }
        #expect(throws: error) { try core.readBytes(at: offset, count: count) }
        #expect(throws: error) { _ = try core.window(at: offset, count: count).bytes }
    }

    /// Shorter than when it was opened: a real end of file inside the size that was checked.
    @Test func truncatedMeanwhile() throws {
        let tree = try TemporaryTree()
        let path = try tree.write(Self.contents, to: "image")
        let device = try BlockDevice(open: path, .read)
        try FileDescriptor.open(path, .writeOnly, options: .truncate).close()
        let error = PlatformError.beyondEnd(path: path, offset: 4096, count: 8, size: 10_001)
        #expect(throws: error) { try device.readBytes(at: 4096, count: 8) }
    }

    @Test func writing() throws {
        let tree = try TemporaryTree()
        let path = try tree.write(Self.contents, to: "image")
        let buffer = AlignedBuffer(count: 1)
        #expect(buffer.bytes.count == 4096 && buffer.bytes.allSatisfy { $0 == 0 })
        #expect(UInt(bitPattern: buffer.bytes.baseAddress) % 4096 == 0)
        buffer.bytes.copyBytes(from: repeatElement(0xaa, count: 4096))
        let device = try BlockDevice(open: path, .exclusive)
        try device.write(from: UnsafeRawBufferPointer(buffer.bytes), at: 4096)
        try device.flush()
        try device.dropCaches()
        var expected = Self.contents
        expected.replaceSubrange(4096..<8192, with: repeatElement(0xaa, count: 4096))
        #expect(try BlockDevice(open: path, .read).readBytes(at: 0, count: 10_001) == expected)

        let reader = try BlockDevice(open: path, .read)
        let error = PlatformError.transfer(
            .writing, path: path, offset: 0, count: 4096, .badFileDescriptor)
        #expect(throws: error) {
            try reader.write(from: UnsafeRawBufferPointer(buffer.bytes), at: 0)
        }
    }

    /// Two files with the same bytes, behind a page that each has of its own.
    @Test func mirrors() throws {
        let tree = try TemporaryTree()
        let contents = (0..<3).map { [UInt8](repeating: $0, count: 4096) }
        let paths = try ["one", "two"].map { try tree.write(Array(contents.joined()), to: $0) }
        let devices = try paths.map { try BlockDevice(open: $0, .readWrite) }
        let device = try BlockDevice(on: devices, from: 4096, size: 4096)
        #expect(device.path == paths[0] && device.size == 4096)
        let buffer = AlignedBuffer(count: 4096)
        try device.read(into: buffer.bytes, at: 0)
        #expect(Array(buffer.bytes) == contents[1])
        try device.read(into: [buffer.bytes], at: 0)
        #expect(try Array(buffer.bytes) == device.readBytes(at: 0, count: 4096))
        buffer.bytes.copyBytes(from: repeatElement(9, count: 4096))
        try device.write(from: UnsafeRawBufferPointer(buffer.bytes), at: 0)
        try device.flush()
        for path in paths {
            #expect(
                try BlockDevice(open: path, .read).readBytes(at: 0, count: 3 << 12)
                    == contents[0] + [UInt8](repeating: 9, count: 4096) + contents[2])
        }
        #expect(throws: PlatformError.self) { try device.readBytes(at: 0, count: 4097) }
        #expect(throws: PlatformError.self) {
            try device.write(from: UnsafeRawBufferPointer(buffer.bytes), at: 4096)
        }
    }

    @Test func whatIsNoStorage() throws {
        let tree = try TemporaryTree()
        #expect(throws: PlatformError.notStorage(path: tree.root)) {
            try BlockDevice(open: tree.root, .read)
        }
        #expect(throws: PlatformError.notStorage(path: "/dev/null")) {
            try BlockDevice(open: "/dev/null", .read)
        }
        let absent = tree.root.appending("absent")
        #expect(throws: PlatformError.call(.stat, path: absent, .noSuchFileOrDirectory)) {
            try BlockDevice(open: absent, .read)
        }
    }

    @Test func systemFiles() throws {
        let tree = try TemporaryTree(["b": " 12345\n", "a/": "", "c": ""])
        let file = tree.root.appending("b")
        #expect(try SystemFile.line(file) == "12345")
        #expect(try SystemFile.text(file, limit: 7) == " 12345\n")
        #expect(throws: PlatformError.tooLarge(path: file, limit: 6)) {
            try SystemFile.bytes(file, limit: 6)
        }
        #expect(try SystemFile.prefix(file, count: 3) == Array(" 12".utf8))
        #expect(try SystemFile.names(in: tree.root) == ["a", "b", "c"])
        #expect(try SystemFile.lineIfPresent(tree.root.appending("d")) == nil)
        #expect(try SystemFile.lineIfPresent(tree.root.appending("c")) == "")
        try SystemFile.write("6", to: file)
        #expect(try SystemFile.line(file) == "612345")
        #expect(throws: PlatformError.call(.opendir, path: file, .notDirectory)) {
            try SystemFile.names(in: file)
        }
    }

    /// A swap header of version 1, then the mark of a hibernation image over its signature.
    @Test func probing() throws {
        // Of a device below 1.44 MB libblkid takes what it sees first.
        var page = [UInt8](repeating: 0, count: 2 << 20)
        page[1024] = 1
        page[1029] = 1  // last page 0x100: libblkid does not compare it with the size
        for index in 0..<16 { page[1036 + index] = UInt8(index) }
        page.replaceSubrange(1052..<1058, with: Array("tested".utf8))
        let tree = try TemporaryTree()
        func probe(_ signature: String) throws -> DeviceContents {
            page.replaceSubrange(4086..<4096, with: Array(signature.utf8))
            let path = try tree.write(page, to: "swap")
            return try Blkid.probe(BlockDevice(open: path, .read))
        }
        let plain = try probe("SWAPSPACE2").signature
        #expect(plain?.type == "swap" && plain?.usage == "other" && plain?.label == "tested")
        #expect(plain?.uuid == "00010203-0405-0607-0809-0a0b0c0d0e0f")
        let image = try probe("LINHIB0001").signature
        #expect(image?.type == "swsuspend" && image?.uuid == plain?.uuid)
        #expect(try probe("NOTHING!!!") == DeviceContents(superblock: .nothing))

        // An ext2 superblock's magic lies in what swap's header leaves unused.
        page.replaceSubrange(1080..<1082, with: [0x53, 0xef])
        #expect(try probe("SWAPSPACE2").superblock == .ambivalent)
    }
}
