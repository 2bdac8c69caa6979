// SPDX-License-Identifier: GPL-2.0-or-later

import Compression
import KresumeImage
import LinuxPlatform
import PhysicalMemory

/// Brings the image's pages from the device to their places, on all CPUs: each thread takes the
/// next chunk, reads it, checks it, unpacks it and stores its pages.
struct LoadImage: Sendable {
    let image: HibernationImage
    let area: ImageArea
    let places: PagePlaces
    let progress: Progress

    /// Throws the first thing that is wrong; the places hold nothing of use then.
    func load() throws {
        let queue = WorkQueue(count: image.chunks.count)
        try Parallel.run(Parallel.usableCPUs) { _ in
            let stored = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
            let unpacked = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
            while let index = queue.take() {
                do {
                    try load(index, stored.bytes, unpacked.bytes)
                } catch {
                    queue.close()
                    throw error
                }
            }
        }
    }

    private func load(
        _ index: Int, _ stored: UnsafeMutableRawBufferPointer,
        _ unpacked: UnsafeMutableRawBufferPointer
    ) throws {
        let chunk = image.chunks[index]
        let size = Int(chunk.size)
        let paddedSize = (size + PageFrame.size - 1) / PageFrame.size * PageFrame.size
        try area.device.read(
            into: UnsafeMutableRawBufferPointer(rebasing: stored[..<paddedSize]),
            at: area.offset + chunk.offset)
        let bytes = UnsafeRawBufferPointer(rebasing: stored[..<size])
        try chunk.check(bytes, index: index)
        if chunk.isRaw {
            places.store(bytes, firstPage: Int(chunk.firstPage))
        } else {
            let pages = UnsafeMutableRawBufferPointer(
                rebasing: unpacked[..<(Int(chunk.pageCount) * PageFrame.size)])
            do { try LZ4.decompress(bytes, into: pages) } catch {
                throw ResumeError.chunkNotUnpacked(index: index)
            }
            places.store(UnsafeRawBufferPointer(pages), firstPage: Int(chunk.firstPage))
        }
        progress.advance(by: UInt64(chunk.pageCount) * UInt64(PageFrame.size))
    }
}
