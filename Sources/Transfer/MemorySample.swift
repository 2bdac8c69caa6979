// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import KresumeImage
import LinuxPlatform
import PhysicalMemory

/// Some parts of a memory, spread over all of it, and what an image would have of them.
package struct MemorySample: Sendable {
    /// What was looked at, in bytes.
    package private(set) var size: UInt64 = 0
    /// What of that is not just filled with one byte, in bytes.
    package private(set) var dataSize: UInt64 = 0
    /// What the data takes in the image, in bytes.
    package private(set) var storedSize: UInt64 = 0
    /// How long one CPU took to look at it and to pack it.
    package private(set) var nanoseconds: UInt64 = 0

    /// - Parameters:
    ///   - pages: what is to be saved.
    ///   - limit: how many parts to look at; each has as many pages as a chunk at most.
    ///   - read: gives bytes of physical memory, or nil where they cannot be had: such parts do not count.
    package init(
        of pages: consuming PageKinds, limit: Int, compression: ChunkCompression, level: Int,
        read: (_ frames: FrameRange) -> [UInt8]?
    ) throws {
        var tables = try SavedTables(pages)
        let packer = try ChunkPacker(compression, level: level)
        let gathered = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
        let packed = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
        let step = max(1, tables.partCount / max(limit, 1))
        while let part = tables.next() {
            guard part.part % step == step / 2 else { continue }
            let contents = part.frames.map { ($0, read($0)) }
            if contents.contains(where: { $0.1 == nil }) { continue }
            let start = Uptime.nanoseconds()
            var filled = 0
            for (frames, bytes) in contents {
                bytes?.withUnsafeBytes { bytes in
                    for run in PageScan.runs(bytes, at: frames.lower) where run.kind == .data {
                        let first = Int(run.first.rawValue - frames.lower.rawValue)
                        let place = first * PageFrame.size
                        let count = Int(run.count) * PageFrame.size
                        UnsafeMutableRawBufferPointer(rebasing: gathered.bytes[filled...])
                            .copyMemory(
                                from: UnsafeRawBufferPointer(
                                    rebasing: bytes[place..<place + count]))
                        filled += count
                    }
                }
            }
            if filled > 0 {
                let data = UnsafeRawBufferPointer(rebasing: gathered.bytes[..<filled])
                let stored = packer.pack(data, into: packed.bytes, Pace()) ?? filled
                storedSize += UInt64(stored.roundedUp(to: PageFrame.size))
            }
            nanoseconds += Uptime.nanoseconds() - start
            size += part.frames.reduce(0) { $0 + $1.count } * UInt64(PageFrame.size)
            dataSize += UInt64(filled)
        }
    }
}
