// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

extension BlockDevice {
    /// Fills `buffer` from `offset` (in bytes), or throws. The corresponding C function is `pread`.
    public func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(PlatformError) {
        try check(offset, buffer.count)
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let got = try systemCall("pread", path) {
                pread(descriptor.rawValue, rest.baseAddress, rest.count, off_t(offset) + done)
            }
            if got == 0 { throw beyondEnd(offset, buffer.count) }
            done += got
        }
    }

    /// Writes all of `buffer` at `offset` (in bytes), or throws. A regular file does not grow:
    /// a device would not. The corresponding C function is `pwrite`.
    public func write(
        from buffer: UnsafeRawBufferPointer, at offset: UInt64
    ) throws(PlatformError) {
        try check(offset, buffer.count)
        var done = 0
        while done < buffer.count {
            let rest = UnsafeRawBufferPointer(rebasing: buffer[done...])
            let put = try systemCall("pwrite", path) {
                pwrite(descriptor.rawValue, rest.baseAddress, rest.count, off_t(offset) + done)
            }
            if put == 0 { throw beyondEnd(offset, buffer.count) }
            done += put
        }
    }

    /// `count` bytes from `offset`, neither of which need be aligned, even on a direct device.
    public func readBytes(at offset: UInt64, count: Int) throws(PlatformError) -> [UInt8] {
        try check(offset, count)
        let alignment = UInt64(AlignedBuffer.alignment)
        let first = offset.roundedDown(to: alignment)
        let head = Int(offset - first)
        let buffer = AlignedBuffer(count: head + count)
        // A last block that the end of the device cuts short is read short.
        var done = 0
        while done < head + count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[done...])
            let got = try systemCall("pread", path) {
                pread(descriptor.rawValue, rest.baseAddress, rest.count, off_t(first) + done)
            }
            if got == 0 { throw beyondEnd(offset, count) }
            done += got
        }
        return Array(buffer.bytes[head..<(head + count)])
    }

    /// Offsets come from headers on disk: they are compared with the size before anything else.
    private func check(_ offset: UInt64, _ count: Int) throws(PlatformError) {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(clamping: count))
        if overflow || end > size || count < 0 { throw beyondEnd(offset, count) }
    }

    private func beyondEnd(_ offset: UInt64, _ count: Int) -> PlatformError {
        .beyondEnd(path: path, offset: offset, count: count, size: size)
    }
}
