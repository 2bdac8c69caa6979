// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import Synchronization
import Threads

/// Brings the data of an image of ours from the device: each thread takes the next chunk, reads
/// it, checks it and unpacks it. More threads than CPUs, so that while some wait for the device
/// the others keep the CPUs busy.
///
/// A sealed image may be read before its key is known: its chunks wait in their places, as they are
/// stored, and are opened there.
package struct ReadChunks: Sendable {
    package let image: HibernationImage
    package let area: ImageArea
    package let progress: Progress
    /// Of a sealed image.
    package let key: AwaitedKey?

    /// What a thread works on.
    private struct Desk: ~Copyable {
        let unpacker: ChunkUnpacker
        let ring = ReadRing()
        let stored = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
        let unpacked = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
    }

    /// - Parameter key: nil for a plain image.
    package init(
        image: HibernationImage, area: ImageArea, progress: Progress, key: AwaitedKey? = nil
    ) {
        precondition(image.header.isSealed == (key != nil))
        self.key = key
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
        let sealed = Mutex<[Int]>([])
        try Parallel.run(Workers.count) { _ in
            let desk = Desk(unpacker: try ChunkUnpacker(image.header.compression))
            try queue.takeEach { index in
                let chunk = image.chunks[index]
                if let key, let places, try key.now() == nil {
                    try area.read(
                        into: stored(chunk, in: places), at: chunk.offset, by: desk.ring)
                    sealed.withLock { $0.append(index) }
                } else if chunk.isRaw {
                    try loadRaw(index, desk, places)
                } else {
                    let bytes = try read(index, desk)
                    try unpack(bytes, index, desk, places)
                }
                progress.advance(by: UInt64(chunk.pageCount) * UInt64(PageFrame.size))
            }
        }
        if let key, let places { try open(sealed.withLock { $0 }, key, places) }
    }

    /// Opens what was read before the key was known. Waits for that.
    private func open(_ chunks: [Int], _ key: AwaitedKey, _ places: PagePlaces) throws {
        if chunks.isEmpty { return }
        let opener = try key.value()
        let queue = LoadQueue(chunks.map { image.chunks[$0].pageIndices }, nil)
        try Parallel.run(Workers.count) { _ in
            let desk = Desk(unpacker: try ChunkUnpacker(image.header.compression))
            try queue.takeEach { number in
                let index = chunks[number]
                let chunk = image.chunks[index]
                let parts = try stored(chunk, in: places)
                if chunk.isRaw, parts.count == 1 {
                    let bytes = UnsafeRawBufferPointer(parts[0])
                    return try opener.open(bytes, into: parts[0], chunk, index: index)
                }
                var count = 0
                for part in parts {
                    UnsafeMutableRawBufferPointer(rebasing: desk.stored.bytes[count...])
                        .copyMemory(from: UnsafeRawBufferPointer(part))
                    count += part.count
                }
                let bytes = UnsafeMutableRawBufferPointer(
                    rebasing: desk.stored.bytes[..<Int(chunk.size)])
                try opener.open(UnsafeRawBufferPointer(bytes), into: bytes, chunk, index: index)
                if chunk.isRaw {
                    try places.store(
                        UnsafeRawBufferPointer(bytes), firstPage: chunk.pageIndices.lowerBound)
                } else {
                    try unpack(UnsafeRawBufferPointer(bytes), index, desk, places)
                }
            }
        }
    }

    /// Where a chunk waits as it is stored, with its padding: at the beginning of its pages' places.
    private func stored(
        _ chunk: Chunk, in places: PagePlaces
    ) throws -> [UnsafeMutableRawBufferPointer] {
        var rest = Int(chunk.size).roundedUp(to: PageFrame.size)
        var parts: [UnsafeMutableRawBufferPointer] = []
        for place in try places.places(of: chunk.pageIndices) where rest > 0 {
            parts.append(UnsafeMutableRawBufferPointer(rebasing: place.prefix(rest)))
            rest -= min(rest, place.count)
        }
        return parts
    }

    /// From the device straight into its places.
    private func loadRaw(
        _ index: Int, _ desk: borrowing Desk, _ places: PagePlaces?
    ) throws {
        let chunk = image.chunks[index]
        let spare = UnsafeMutableRawBufferPointer(
            rebasing: desk.stored.bytes[..<Int(chunk.size)])
        let targets = try places?.places(of: chunk.pageIndices) ?? [spare]
        // It can be opened in one piece only.
        if let key, targets.count > 1 {
            try area.read(into: [spare], at: chunk.offset, by: desk.ring)
            try key.value().open(UnsafeRawBufferPointer(spare), into: spare, chunk, index: index)
            try places?.store(
                UnsafeRawBufferPointer(spare), firstPage: chunk.pageIndices.lowerBound)
            return
        }
        try area.read(into: targets, at: chunk.offset, by: desk.ring)
        if let key {
            let bytes = UnsafeRawBufferPointer(targets[0])
            try key.value().open(bytes, into: targets[0], chunk, index: index)
        } else {
            try chunk.check(places: targets, index: index)
        }
    }

    /// - Returns: the chunk as it is stored, checked, and opened if it is sealed.
    private func read(
        _ index: Int, _ desk: borrowing Desk
    ) throws -> UnsafeRawBufferPointer {
        let stored = desk.stored.bytes
        let chunk = image.chunks[index]
        let size = Int(chunk.size)
        let paddedSize = size.roundedUp(to: PageFrame.size)
        try area.read(
            into: [UnsafeMutableRawBufferPointer(rebasing: stored[..<paddedSize])],
            at: chunk.offset, by: desk.ring)
        let bytes = UnsafeRawBufferPointer(rebasing: stored[..<size])
        if let key {
            let opened = UnsafeMutableRawBufferPointer(rebasing: stored[..<size])
            try key.value().open(bytes, into: opened, chunk, index: index)
        } else {
            try chunk.check(bytes, index: index)
        }
        return bytes
    }

    /// Into its place if that is in one piece, else by way of `spare`.
    private func unpack(
        _ bytes: UnsafeRawBufferPointer, _ index: Int, _ desk: borrowing Desk,
        _ places: PagePlaces?
    ) throws {
        let pages = image.chunks[index].pageIndices
        let place = try places?.onePlace(of: pages)
        let target =
            place
            ?? UnsafeMutableRawBufferPointer(
                rebasing: desk.unpacked.bytes[..<(pages.count * PageFrame.size)])
        do { try desk.unpacker.unpack(bytes, into: target) } catch {
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
