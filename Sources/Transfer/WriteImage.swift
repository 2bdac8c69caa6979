// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import Checksum
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import Placement
import SaverPlan
import Synchronization
import Threads

/// Writes A's memory to the image area: each thread takes the next part of memory, leaves out the
/// pages that are but filled, packs the others into a chunk and writes it wherever there is room.
/// More threads than CPUs, so that while some wait for the device the others keep the CPUs busy.
package final class WriteImage: Sendable {
    private struct State {
        /// Where the next chunk goes, in bytes from the beginning of the area.
        var end: UInt64
        var tables: SavedTables
    }

    private let prepared: PreparedImage
    private let area: ImageArea
    private let windows: SharedWindows
    private let level: Int
    private let mayStoreRaw: Bool
    private let progress: Progress
    private let partCount: Int
    private let checks: Bool
    private let sealer: ImageSealer?
    /// How much room a restore kernel has for an image, in bytes.
    private let restoreRoom: UInt64
    private let seeing: @Sendable ([FileSystemRecord]) -> [FileSystemRecord]
    private let saying: @Sendable () -> [String]
    private let partDone: @Sendable () -> Void
    private let mayBecomeImage: @Sendable () -> Void
    private let state: Mutex<State>

    /// - Parameters:
    ///   - pages: what is saved.
    ///   - level: of the compression, where it has levels.
    ///   - mayStoreRaw: whether data may be stored as it is where that is sooner done.
    ///   - sealer: of an image that is to be sealed.
    ///   - checks: whether all that is packed is unpacked again, and compared.
    ///   - seeing: what A's file systems look like here.
    ///   - saying: what is to be told of the work, once the data is written.
    ///   - partDone: called from any thread when some more is written.
    ///   - mayBecomeImage: called once before the last write, which makes it an image.
    package init(
        _ prepared: PreparedImage, _ area: ImageArea, _ memory: SavedMemory,
        saving pages: consuming PageKinds, level: Int, mayStoreRaw: Bool = false,
        sealer: ImageSealer? = nil, checks: Bool = false,
        seeing: @escaping @Sendable ([FileSystemRecord]) -> [FileSystemRecord] = { $0 },
        saying: @escaping @Sendable () -> [String] = { [] },
        note: @escaping @Sendable (String) -> Void,
        partDone: @escaping @Sendable () -> Void = {},
        mayBecomeImage: @escaping @Sendable () -> Void = {}
    ) throws {
        self.level = level
        self.mayStoreRaw = mayStoreRaw
        self.checks = checks
        self.sealer = sealer
        self.seeing = seeing
        self.saying = saying
        self.partDone = partDone
        self.mayBecomeImage = mayBecomeImage
        self.prepared = prepared
        self.area = area
        windows = SharedWindows(memory)
        let tables = try SavedTables(pages, isSealed: sealer != nil)
        partCount = tables.partCount
        progress = Progress("saving", total: tables.pageCount * UInt64(PageFrame.size), note)
        let machine = prepared.machine
        restoreRoom = RestoreKernel.room(
            ram: machine.memoryMap.ram.count * UInt64(PageFrame.size),
            kernel: machine.jump.saverRegion.physicalRange.size, unlocking: sealer?.unlocking ?? 0)
        state = Mutex(State(end: prepared.firstFreeOffset, tables: tables))
    }

    /// "640 MiB in 2.4 s, 266 MiB/s".
    package var summary: String { progress.summary }

    /// Writes all of memory, then the tables, then what makes it an image.
    @discardableResult
    package func write(jumpBackEntry: PhysicalAddress) throws -> ImageHeader {
        try requireRoomForHandoff()
        let isGivenUp = Cancellation()
        try Parallel.run(Workers.count) { [self] _ in
            let packer = try CheckedPacker(
                ChunkPacker(prepared.header.compression, level: level),
                checking: checks ? prepared.header.compression : nil)
            var pace = Pace(maySkip: mayStoreRaw)
            let gathered = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
            let packed = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
            do {
                while !isGivenUp.isCancelled, let part = state.withLock({ $0.tables.next() }) {
                    try write(part, packer, &pace, gathered.bytes, packed.bytes)
                }
            } catch {
                // The other threads need not finish what is lost.
                isGivenUp.cancel()
                throw error
            }
        }
        return try complete(jumpBackEntry: jumpBackEntry)
    }

    private func write(
        _ part: (part: Int, frames: [FrameRange]), _ packer: borrowing CheckedPacker,
        _ pace: inout Pace,
        _ gathered: UnsafeMutableRawBufferPointer, _ packed: UnsafeMutableRawBufferPointer
    ) throws {
        let (number, frames) = part
        let left =
            UInt64(partCount - number) * UInt64(Chunk.pageLimit) * UInt64(PageFrame.size)
        let chunk = try windows.view(frames) {
            try save(frames, through: $0, packer, &pace, gathered, packed, left: left)
        }
        if let chunk { state.withLock { $0.tables.add(chunk, part: number) } }
        let pages = frames.reduce(0) { $0 + $1.count }
        progress.advance(by: pages * UInt64(PageFrame.size))
        partDone()
    }

    /// - Parameter left: how much this part and those after it may have to store, in bytes.
    /// - Returns: nil where nothing had to be stored.
    private func save(
        _ part: [FrameRange], through window: UnsafeRawBufferPointer,
        _ packer: borrowing CheckedPacker, _ pace: inout Pace,
        _ gathered: UnsafeMutableRawBufferPointer,
        _ packed: UnsafeMutableRawBufferPointer, left: UInt64
    ) throws -> Chunk? {
        let first = part[0].lower
        var runs: [PageRun] = []
        for frames in part {
            let pages = window[frames.bytes(from: first)]
            runs += PageScan.runs(UnsafeRawBufferPointer(rebasing: pages), at: frames.lower)
        }
        runs = try take(runs, of: part)
        let data = runs.filter { $0.kind == .data }.map(\.frames)
        guard let whole = data.first else { return nil }

        // Pages that follow one another are packed where they are.
        var pages = window[whole.bytes(from: first)]
        if data.count > 1 { pages = gather(data, from: window, first, into: gathered)[...] }
        let start = Uptime.nanoseconds()
        let size =
            pace.packs
            ? try packer.pack(UnsafeRawBufferPointer(rebasing: pages), into: packed, pace) : nil
        let end = Uptime.nanoseconds()
        // The device cannot read from the window.
        if size == nil, data.count == 1 {
            pages = gather(data, from: window, first, into: gathered)[...]
        }
        let stored = size.map { packed[..<$0] } ?? gathered[..<pages.count]
        let (chunk, room) = try store(
            UnsafeMutableRawBufferPointer(rebasing: stored),
            pageCount: data.reduce(0) { $0 + $1.count })
        if pace.packs {
            pace.adapt(
                packing: end - start, writing: Uptime.nanoseconds() - end,
                share: Double(stored.count) / Double(pages.count), mayGrow: room > left)
        } else {
            pace.skip(mayGrow: room > left)
        }
        return chunk
    }

    /// Gives up as soon as it is certain that no restore kernel could hold the image: after all is
    /// written the machine would be off, and lost.
    private func take(_ runs: [PageRun], of part: [FrameRange]) throws -> [PageRun] {
        try state.withLock { state throws in
            let taken = state.tables.take(runs, of: part)
            let size = state.tables.dataPages * UInt64(PageFrame.size)
            let tables = RestoreKernel.tables(
                runs: state.tables.runCount, dataPages: state.tables.dataPages)
            if size + tables > restoreRoom {
                throw TransferError.imageTooLarge(size, tables: tables, limit: restoreRoom)
            }
            return taken
        }
    }

    /// Copies frames that lie apart together.
    private func gather(
        _ frames: [FrameRange], from window: UnsafeRawBufferPointer, _ first: PageFrame,
        into gathered: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        var filled = 0
        for frames in frames {
            let pages = UnsafeRawBufferPointer(rebasing: window[frames.bytes(from: first)])
            UnsafeMutableRawBufferPointer(rebasing: gathered[filled...]).copyMemory(from: pages)
            filled += pages.count
        }
        return UnsafeRawBufferPointer(rebasing: gathered[..<filled])
    }

    /// Writes one chunk, which lies at the beginning of a buffer of whole pages.
    ///
    /// - Returns: the chunk, and how much room is left in the area then, in bytes.
    private func store(
        _ bytes: UnsafeMutableRawBufferPointer, pageCount: UInt64
    ) throws -> (Chunk, room: UInt64) {
        let paddedSize = bytes.count.roundedUp(to: PageFrame.size)
        let padded = UnsafeMutableRawBufferPointer(start: bytes.baseAddress, count: paddedSize)
        for index in bytes.count..<paddedSize { padded[index] = 0 }

        let (offset, room) = try state.withLock { state throws in
            let offset = state.end
            // The tables are to fit as well.
            let end = offset + UInt64(paddedSize) + state.tables.sizeLimit
            guard area.size >= end else {
                throw TransferError.deviceFull(area.device.path, size: area.size)
            }
            state.end += UInt64(paddedSize)
            return (offset, area.size - end)
        }
        var chunk = Chunk(
            offset: offset, size: UInt32(bytes.count), firstPage: 0, pageCount: UInt32(pageCount),
            checksum: 0)
        // Of a sealed image not even a checksum of what is in clear: it would tell what that is.
        if let sealer {
            chunk.tag = sealer.seal(bytes, chunk)
        } else {
            chunk.checksum = XXH64.hash(UnsafeRawBufferPointer(bytes))
        }
        try area.write(from: UnsafeRawBufferPointer(padded), at: offset)
        return (chunk, room)
    }

    private func complete(jumpBackEntry: PhysicalAddress) throws -> ImageHeader {
        let (end, runs, chunks) = state.withLock {
            ($0.end, $0.tables.runs, $0.tables.chunks)
        }
        let completion = try completion(jumpBackEntry, runs, chunks, end)
        try completion.forEachWrite { try area.write($0) }
        try area.flush()
        mayBecomeImage()
        try area.commit([completion.signature])
        return completion.header
    }

    /// Where the saver lives, code and page tables of the way into A must find room.
    private func requireRoomForHandoff() throws {
        let tables = IdentityMap(mapping: prepared.memory)
        let pages = HandoffBlock.pageCount(tables, moves: 0)
        let region = prepared.machine.jump.saverRegion
        if region.count < pages {
            throw PlacementError.noRoomForHandoff(pages: pages, limit: region.upper)
        }
    }

    /// The tables may be what no longer fits.
    private func completion(
        _ entry: PhysicalAddress, _ runs: PageKinds.Runs, _ chunks: SavedChunks, _ end: UInt64
    ) throws -> ImageCompletion<PageKinds.Runs, SavedChunks> {
        var prepared = prepared
        prepared.report = saying()
        prepared.fileSystems = seeing(prepared.fileSystems)
        do throws(ImageError) {
            return try prepared.completed(
                jumpBackEntry: entry, runs: runs, chunks: chunks, dataEnd: end,
                areaSize: area.size, sealer: sealer)
        } catch {
            if case .imageSize = error {
                throw TransferError.deviceFull(area.device.path, size: area.size)
            }
            throw error
        }
    }
}

extension FrameRange {
    /// Their bytes in memory that begins with `first`.
    fileprivate func bytes(from first: PageFrame) -> Range<Int> {
        let start = Int(lower.rawValue - first.rawValue) * PageFrame.size
        return start..<(start + Int(count) * PageFrame.size)
    }
}
