// SPDX-License-Identifier: GPL-2.0-or-later

import Compression
import KresumeImage
import LinuxPlatform
import PhysicalMemory

/// Brings the image's data from the device, on all CPUs: each thread takes the next chunk, reads
/// it, checks it and unpacks it.
struct ReadChunks: Sendable {
    let image: HibernationImage
    let area: ImageArea
    let progress: Progress

    /// Calls `body` with each chunk's pages and the first of them's place in the data stream: in
    /// any order, from several threads. Throws the first thing that is wrong.
    func forEach(
        _ body: @escaping @Sendable (_ firstPage: Int, _ pages: UnsafeRawBufferPointer) -> Void
    ) throws {
        let queue = WorkQueue(count: image.chunks.count)
        try Parallel.run(Workers.count) { _ in
            let unpacker = try ChunkUnpacker(image.header.compression)
            let stored = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
            let unpacked = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
            try queue.forEach { index in
                let pages = try read(index, unpacker, stored.bytes, unpacked.bytes)
                body(Int(image.chunks[index].firstPage), pages)
                progress.advance(by: UInt64(pages.count))
            }
        }
    }

    /// The pages of one chunk, in one of the two buffers.
    private func read(
        _ index: Int, _ unpacker: ChunkUnpacker, _ stored: UnsafeMutableRawBufferPointer,
        _ unpacked: UnsafeMutableRawBufferPointer
    ) throws -> UnsafeRawBufferPointer {
        let chunk = image.chunks[index]
        let size = Int(chunk.size)
        let paddedSize = (size + PageFrame.size - 1) / PageFrame.size * PageFrame.size
        try area.device.read(
            into: UnsafeMutableRawBufferPointer(rebasing: stored[..<paddedSize]),
            at: area.offset + chunk.offset)
        let bytes = UnsafeRawBufferPointer(rebasing: stored[..<size])
        try chunk.check(bytes, index: index)
        if chunk.isRaw { return bytes }
        let pages = UnsafeMutableRawBufferPointer(
            rebasing: unpacked[..<(Int(chunk.pageCount) * PageFrame.size)])
        do { try unpacker.unpack(bytes, into: pages) } catch {
            throw ResumeError.chunkNotUnpacked(index: index)
        }
        return UnsafeRawBufferPointer(pages)
    }
}
