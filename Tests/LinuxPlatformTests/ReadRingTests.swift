// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

/// What is read at the same time is what is read one after the other; where the kernel has no ring for us,
/// it is read so.
@Suite struct ReadRingTests {
    /// More places than are under way at once.
    private static let pages = 2 * ReadRing.depth + 88
    /// Words that tell their place.
    private static let contents = (0..<UInt64(pages * 512)).map(\.littleEndian)
        .withUnsafeBytes { Array($0) }

    /// Whether this kernel gives io_uring to us: a container's filter of system calls may not.
    private static var isGiven: Bool {
        let setting = try? SystemFile.line("/proc/sys/kernel/io_uring_disabled")
        let status = (try? SystemFile.text("/proc/self/status")) ?? ""
        return (setting ?? "0") == "0" && status.split(separator: "\n").contains("Seccomp:\t0")
    }

    /// In no order, every fifth into two buffers.
    @Test(arguments: [true, false]) func everyPlaceIsRead(together: Bool) throws {
        let tree = try TemporaryTree()
        let device = try BlockDevice(open: tree.write(Self.contents, to: "disk"), .read)
        let memory = AlignedBuffer(count: Self.contents.count)
        let parts = (0..<Self.pages).map { number in
            let page = number * 7 % Self.pages
            let bytes = memory.bytes[page * 4096..<(page + 1) * 4096]
            let cut = number % 5 == 0 ? bytes.startIndex + 512 : bytes.endIndex
            return BlockDevice.Part(
                [
                    .init(rebasing: bytes[..<cut]), .init(rebasing: bytes[cut...]),
                ].filter { !$0.isEmpty }, at: UInt64(page * 4096))
        }
        let ring = together ? ReadRing() : nil
        #expect((ring != nil) == (together && Self.isGiven))
        try device.read(parts, by: ring)
        #expect(Array(memory.bytes) == Self.contents)
    }

    @Test func whatFailsIsSaid() throws {
        let tree = try TemporaryTree()
        let path = try tree.write(Self.contents, to: "disk")
        let device = try BlockDevice(open: path, .read)
        let memory = AlignedBuffer(count: 8192)
        let halves = [memory.bytes[..<4096], memory.bytes[4096...]].map {
            UnsafeMutableRawBufferPointer(rebasing: $0)
        }
        let end = UInt64(Self.contents.count)
        func read(_ offset: UInt64) throws {
            try device.read(
                [.init([halves[0]], at: 0), .init([halves[1]], at: offset)], by: ReadRing())
        }
        try read(end - 4096)
        #expect(
            throws: PlatformError.beyondEnd(path: path, offset: end, count: 4096, size: end)
        ) { try read(end) }
        // Shorter than when it was opened.
        try FileDescriptor.open(path, .writeOnly, options: .truncate).close()
        #expect(
            throws: PlatformError.beyondEnd(path: path, offset: 0, count: 4096, size: end)
        ) { try read(end - 4096) }
    }

    /// A ring that reads go on with, whatever came before.
    @Test func oneRingForAll() throws {
        let tree = try TemporaryTree()
        let device = try BlockDevice(open: tree.write(Self.contents, to: "disk"), .read)
        let ring = ReadRing()
        let memory = AlignedBuffer(count: 8192)
        for page in 0..<100 {
            try device.read(
                [
                    .init([.init(rebasing: memory.bytes[..<4096])], at: UInt64(page * 4096)),
                    .init(
                        [.init(rebasing: memory.bytes[4096...])],
                        at: UInt64((Self.pages - 1 - page) * 4096)),
                ], by: ring)
            #expect(memory.bytes.loadUnaligned(as: UInt64.self) == UInt64(page * 512))
            #expect(
                memory.bytes.loadUnaligned(fromByteOffset: 4096, as: UInt64.self)
                    == UInt64((Self.pages - 1 - page) * 512))
        }
    }
}
