// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// Transfers at offsets of a file whose size is known: all of the bytes, or an error.
struct PositionedFile {
    let path: FilePath
    /// In bytes.
    let size: UInt64

    /// Calls `call` until at least `count` bytes of `buffer` went over: a call may come short.
    ///
    /// - Parameter call: one system call for the rest of the buffer, at its offset; returns how many
    ///   bytes it moved.
    func transfer(
        _ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64, upTo count: Int,
        _ call: (_ rest: UnsafeMutableRawBufferPointer, _ offset: UInt64) throws(PlatformError) ->
            Int
    ) throws(PlatformError) {
        var done = 0
        while done < count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let moved = try call(rest, offset + UInt64(done))
            if moved == 0 { throw beyondEnd(offset, count) }
            done += moved
        }
    }

    /// Offsets come from headers on disk: they are compared with the size before anything else.
    func check(_ offset: UInt64, _ count: Int) throws(PlatformError) {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(clamping: count))
        if overflow || end > size || count < 0 { throw beyondEnd(offset, count) }
    }

    private func beyondEnd(_ offset: UInt64, _ count: Int) -> PlatformError {
        .beyondEnd(path: path, offset: offset, count: count, size: size)
    }
}
