// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import Synchronization
import Threads

/// Writes A's memory to the image area: each thread takes the next part of memory, leaves out the
/// pages that are but filled, packs the others into a chunk and writes it wherever there is room.
/// More threads than CPUs, so that while some wait for the device the others keep the CPUs busy.
package final class WriteImage: Sendable {
    /// What became of one part of memory.
    private struct Result {
        var runs: [PageRun] = []
        /// With a first page counted from the part's own first data page.
        var chunks: [Chunk] = []
        var dataPages: UInt64 = 0
    }

    private struct State {
        /// Where the next chunk goes, in bytes from the beginning of the area.
        var end: UInt64
        var results: [Result]
    }

    /// What is taken at a time; a chunk is never larger.
    private static let partPages = UInt64(Chunk.pageLimit)

    private let prepared: PreparedImage
    private let area: ImageArea
    private let memory: SavedMemory
    private let parts: [SavedMemory.Part]
    private let level: Int
    private let progress: Progress
    private let checks: Bool
    private let partDone: @Sendable () -> Void
    private let mayBecomeImage: @Sendable () -> Void
    private let state: Mutex<State>

    /// - Parameters:
    ///   - omitted: what is left out, for its contents do not matter.
    ///   - level: of the compression, where it has levels.
    ///   - checks: whether all that is packed is unpacked again, and compared.
    ///   - partDone: called from any thread when some more is written.
    ///   - mayBecomeImage: called once before the last write, which makes it an image.
    package init(
        _ prepared: PreparedImage, _ area: ImageArea, _ memory: SavedMemory,
        without omitted: FrameSet, level: Int, checks: Bool = false,
        note: @escaping @Sendable (String) -> Void,
        partDone: @escaping @Sendable () -> Void = {},
        mayBecomeImage: @escaping @Sendable () -> Void = {}
    ) {
        self.level = level
        self.checks = checks
        self.partDone = partDone
        self.mayBecomeImage = mayBecomeImage
        self.prepared = prepared
        self.area = area
        self.memory = memory
        parts = memory.parts(ofPages: Self.partPages, without: omitted)
        let pages = parts.reduce(0) { $0 + $1.pageCount }
        progress = Progress("saving", total: pages * UInt64(PageFrame.size), note)
        state = Mutex(
            State(
                end: prepared.firstFreeOffset,
                results: Array(repeating: Result(), count: parts.count)))
    }

    /// "640 MiB in 2.4 s, 266 MiB/s".
    package var summary: String { progress.summary }

    /// Writes all of memory, then the tables, then what makes it an image.
    @discardableResult
    package func write(jumpBackEntry: PhysicalAddress) throws -> ImageHeader {
        let queue = WorkQueue(count: parts.count)
        try Parallel.run(Workers.count) { [self] _ in
            let packer = try CheckedPacker(
                ChunkPacker(prepared.header.compression, level: level),
                checking: checks ? prepared.header.compression : nil)
            var pace = Pace()
            let gathered = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
            let packed = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
            try queue.takeEach {
                try write(part: $0, packer, &pace, gathered.bytes, packed.bytes)
            }
        }
        return try complete(jumpBackEntry: jumpBackEntry)
    }

    private func write(
        part index: Int, _ packer: borrowing CheckedPacker, _ pace: inout Pace,
        _ gathered: UnsafeMutableRawBufferPointer, _ packed: UnsafeMutableRawBufferPointer
    ) throws {
        let part = parts[index]
        let left = UInt64(parts.count - index) * Self.partPages * UInt64(PageFrame.size)
        let result = try save(
            part, through: memory.window(part), packer, &pace, gathered, packed, left: left)
        state.withLock { $0.results[index] = result }
        progress.advance(by: part.pageCount * UInt64(PageFrame.size))
        partDone()
    }

    /// - Parameter left: how much this part and those after it may have to store, in bytes.
    private func save(
        _ part: SavedMemory.Part, through window: borrowing CoreWindow,
        _ packer: borrowing CheckedPacker, _ pace: inout Pace,
        _ gathered: UnsafeMutableRawBufferPointer,
        _ packed: UnsafeMutableRawBufferPointer, left: UInt64
    ) throws -> Result {
        var result = Result()
        let first = part.frames[0].lower
        for frames in part.frames {
            let pages = window.bytes[frames.bytes(from: first)]
            result.runs += PageScan.runs(UnsafeRawBufferPointer(rebasing: pages), at: frames.lower)
        }
        let data = result.runs.filter { $0.kind == .data }.map(\.frames)
        result.dataPages = data.reduce(0) { $0 + $1.count }
        guard let whole = data.first else { return result }

        // Pages that follow one another are packed where they are.
        var pages = window.bytes[whole.bytes(from: first)]
        if data.count > 1 { pages = gather(data, from: window.bytes, first, into: gathered)[...] }
        let start = Uptime.nanoseconds()
        let size = try packer.pack(UnsafeRawBufferPointer(rebasing: pages), into: packed, pace)
        let end = Uptime.nanoseconds()
        // The device cannot read from the window.
        if size == nil, data.count == 1 {
            pages = gather(data, from: window.bytes, first, into: gathered)[...]
        }
        let stored = size.map { packed[..<$0] } ?? gathered[..<pages.count]
        let (chunk, room) = try store(
            UnsafeMutableRawBufferPointer(rebasing: stored), pageCount: result.dataPages)
        result.chunks = [chunk]
        pace.adapt(
            packing: end - start, writing: Uptime.nanoseconds() - end, mayGrow: room > left)
        return result
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
            guard area.size - offset >= UInt64(paddedSize) else {
                throw TransferError.deviceFull(area.device.path, size: area.size)
            }
            state.end += UInt64(paddedSize)
            return (offset, area.size - state.end)
        }
        try area.device.write(from: UnsafeRawBufferPointer(padded), at: area.offset + offset)
        let chunk = Chunk(
            offset: offset, size: UInt32(bytes.count), firstPage: 0, pageCount: UInt32(pageCount),
            checksum: XXH64.hash(UnsafeRawBufferPointer(bytes)))
        return (chunk, room)
    }

    private func complete(jumpBackEntry: PhysicalAddress) throws -> ImageHeader {
        let end = state.withLock { $0.end }
        let results = state.withLock { $0.results }
        var runs: [PageRun] = []
        var chunks: [Chunk] = []
        var page: UInt64 = 0
        for result in results {
            for run in result.runs { runs.appendMerging(run) }
            for chunk in result.chunks {
                chunks.append(chunk)
                chunks[chunks.count - 1].firstPage += page
            }
            page += result.dataPages
        }
        try requireRestorable(dataPages: page)
        let completion = try completion(jumpBackEntry, runs, chunks, end)
        try area.commit(completion.writes)
        mayBecomeImage()
        try area.commit([completion.signature])
        return completion.image.header
    }

    /// Without this the machine would be off, and lost.
    private func requireRestorable(dataPages: UInt64) throws {
        let machine = prepared.machine
        let size = dataPages * UInt64(PageFrame.size)
        let limit = RestoreKernel.room(
            ram: machine.memoryMap.ram.count * UInt64(PageFrame.size),
            kernel: machine.jump.saverRegion.physicalRange.size)
        if size > limit { throw TransferError.imageTooLarge(size, limit: limit) }
    }

    /// The tables may be what no longer fits.
    private func completion(
        _ entry: PhysicalAddress, _ runs: [PageRun], _ chunks: [Chunk], _ end: UInt64
    ) throws -> ImageCompletion {
        do throws(ImageError) {
            return try prepared.completed(
                jumpBackEntry: entry, runs: runs, chunks: chunks, dataEnd: end,
                areaSize: area.size)
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

extension [PageRun] {
    /// Adds `run`, as part of the last one where it continues it.
    fileprivate mutating func appendMerging(_ run: PageRun) {
        guard let last, last.kind == run.kind, last.frames.upper == run.first,
            case (let sum, let overflow) = last.count.addingReportingOverflow(run.count), !overflow
        else {
            append(run)
            return
        }
        self[count - 1].count = sum
    }
}
