// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Glibc
import SystemPackage

extension BlockDevice {
    /// Fills `buffer` from `offset` (in bytes), or throws. The corresponding C function is `pread`.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(PlatformError) {
        try file.check(offset, buffer.count)
        try transfer(.reading, calls.pread, buffer, at: offset, upTo: buffer.count)
    }

    /// Fills `buffers` one after the other from `offset` (in bytes), or throws. The corresponding
    /// C function is `preadv`.
    package func read(
        into buffers: [UnsafeMutableRawBufferPointer], at offset: UInt64
    ) throws(PlatformError) {
        let limit = Self.vectorLimit
        var position = offset
        for start in stride(from: 0, to: buffers.count, by: limit) {
            let batch = buffers[start..<min(start + limit, buffers.count)]
            let size = batch.reduce(0) { $0 + $1.count }
            try file.check(position, size)
            let vectors = batch.map { iovec(iov_base: $0.baseAddress, iov_len: $0.count) }
            let got = try call(.reading, position, size) {
                calls.preadv(descriptor.rawValue, vectors, off_t(origin + position))
            }
            // A short transfer is rare: what is missing is read buffer by buffer.
            var done = got
            for buffer in batch {
                if done < buffer.count {
                    let missing = buffer[max(done, 0)...]
                    try read(
                        into: UnsafeMutableRawBufferPointer(rebasing: missing),
                        at: position + UInt64(max(done, 0)))
                }
                done -= buffer.count
                position += UInt64(buffer.count)
            }
        }
    }

    /// What lies in one piece on a device, and where it is read to: one buffer after the other.
    package struct Part {
        package var buffers: [UnsafeMutableRawBufferPointer]
        /// In bytes.
        package var offset: UInt64

        package init(_ buffers: [UnsafeMutableRawBufferPointer], at offset: UInt64) {
            self.buffers = buffers
            self.offset = offset
        }

        var size: Int { buffers.reduce(0) { $0 + $1.count } }
    }

    /// Fills every part's buffers, or throws; with a ring, all parts at the same time.
    package func read(_ parts: [Part], by ring: ReadRing?) throws(PlatformError) {
        var missing = Array(parts.indices)
        if let ring, parts.count > 1, calls.isSystem, origin == 0,
            !parts.contains(where: { $0.buffers.count > Self.vectorLimit })
        {
            for part in parts { try file.check(part.offset, part.size) }
            missing = ring.read(parts, of: descriptor.rawValue)
        }
        // One that failed is asked for its reason.
        for index in missing { try read(into: parts[index].buffers, at: parts[index].offset) }
    }

    /// IOV_MAX, a macro that Swift does not see.
    private static let vectorLimit = 1024

    /// Writes all of `buffer` at `offset` (in bytes), or throws. A regular file does not grow:
    /// a device would not. The corresponding C function is `pwrite`.
    package func write(
        from buffer: UnsafeRawBufferPointer, at offset: UInt64
    ) throws(PlatformError) {
        try file.check(offset, buffer.count)
        // The call reads from it only.
        try transfer(
            calls.isRehearsal ? .reading : .writing, calls.pwrite,
            UnsafeMutableRawBufferPointer(mutating: buffer), at: offset, upTo: buffer.count)
        for mirror in mirrors { try mirror.write(from: buffer, at: origin + offset) }
    }

    /// `count` bytes from `offset`, neither of which need be aligned, even on a direct device.
    package func readBytes(at offset: UInt64, count: Int) throws(PlatformError) -> [UInt8] {
        try file.check(offset, count)
        let alignment = UInt64(AlignedBuffer.alignment)
        let first = offset.roundedDown(to: alignment)
        let head = Int(offset - first)
        let buffer = AlignedBuffer(count: head + count)
        // A last block that the end of the device cuts short is read short.
        try transfer(.reading, calls.pread, buffer.bytes, at: first, upTo: head + count)
        return Array(buffer.bytes[head..<(head + count)])
    }

    private func transfer(
        _ direction: PlatformError.Direction, _ call: DeviceCalls.Transfer,
        _ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64, upTo count: Int
    ) throws(PlatformError) {
        try file.transfer(buffer, at: offset, upTo: count) { rest, offset throws(PlatformError) in
            try self.call(direction, offset, rest.count) {
                call(descriptor.rawValue, rest.baseAddress, rest.count, off_t(origin + offset))
            }
        }
    }

    /// One call. The error says what it was to transfer.
    private func call(
        _ direction: PlatformError.Direction, _ offset: UInt64, _ count: Int, _ body: () -> Int
    ) throws(PlatformError) -> Int {
        try systemCall(
            failure: { .transfer(direction, path: path, offset: offset, count: count, $0) }, body)
    }

    private var file: PositionedFile { PositionedFile(path: path, size: size) }
}
