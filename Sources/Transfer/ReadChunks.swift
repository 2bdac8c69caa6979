// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import Threads

/// Brings the data of an image of ours from the device: each thread takes the next chunk, reads
/// it, checks it and unpacks it. More threads than CPUs, so that while some wait for the device
/// the others keep the CPUs busy.
package struct ReadChunks: Sendable {
    package let image: HibernationImage
    package let area: ImageArea
    package let progress: Progress

    package init(
        image: HibernationImage, area: ImageArea, progress: Progress
    ) {
        self.image = image
        self.area = area
        self.progress = progress
    }

    /// Puts every page in its place; or into none, only to check it. Throws the first thing that
    /// is wrong.
    ///
    /// - Parameter places: may be known later; chunks whose places are, come first.
    package func load(into places: PagePlaces?) throws {
        let queue = LoadQueue(image.chunks.map(\.pageIndices), places)
        try Parallel.run(Workers.count) { _ in
            let unpacker = try ChunkUnpacker(image.header.compression)
            let stored = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
            let unpacked = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
            try queue.takeEach { index in
                let chunk = image.chunks[index]
                if chunk.isRaw {
                    try loadRaw(index, stored.bytes, places)
                } else {
                    let bytes = try read(index, into: stored.bytes)
                    try unpack(bytes, index, unpacker, spare: unpacked.bytes, places)
                }
                progress.advance(by: UInt64(chunk.pageCount) * UInt64(PageFrame.size))
            }
        }
    }

    /// From the device straight into its places.
    private func loadRaw(
        _ index: Int, _ spare: UnsafeMutableRawBufferPointer, _ places: PagePlaces?
    ) throws {
        let chunk = image.chunks[index]
        let targets =
            try places?.places(of: chunk.pageIndices)
            ?? [UnsafeMutableRawBufferPointer(rebasing: spare[..<Int(chunk.size)])]
        try area.device.read(into: targets, at: area.offset + chunk.offset)
        try chunk.check(places: targets, index: index)
    }

    /// - Returns: the chunk as it is stored, checked.
    private func read(
        _ index: Int, into stored: UnsafeMutableRawBufferPointer
    ) throws -> UnsafeRawBufferPointer {
        let chunk = image.chunks[index]
        let size = Int(chunk.size)
        let paddedSize = size.roundedUp(to: PageFrame.size)
        try area.device.read(
            into: UnsafeMutableRawBufferPointer(rebasing: stored[..<paddedSize]),
            at: area.offset + chunk.offset)
        let bytes = UnsafeRawBufferPointer(rebasing: stored[..<size])
        try chunk.check(bytes, index: index)
        return bytes
    }

    /// Into its place if that is in one piece, else by way of `spare`.
    private func unpack(
        _ bytes: UnsafeRawBufferPointer, _ index: Int, _ unpacker: ChunkUnpacker,
        spare: UnsafeMutableRawBufferPointer, _ places: PagePlaces?
    ) throws {
        let pages = image.chunks[index].pageIndices
        let place = try places?.onePlace(of: pages)
        let target =
            place
            ?? UnsafeMutableRawBufferPointer(rebasing: spare[..<(pages.count * PageFrame.size)])
        do { try unpacker.unpack(bytes, into: target) } catch {
            throw TransferError.chunkNotUnpacked(index: index)
        }
        if place == nil {
            try places?.store(UnsafeRawBufferPointer(target), firstPage: pages.lowerBound)
        }
    }
}

extension Chunk {
    fileprivate var pageIndices: Range<Int> { Int(pages.lowerBound)..<Int(pages.upperBound) }
}
