// SPDX-License-Identifier: GPL-2.0-or-later

import Checksum
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import Synchronization

/// Writes A's memory to the image area, on all CPUs: each thread takes the next part of memory,
/// leaves out the pages that are but filled, packs the others into chunks and writes them wherever there is room.
final class WriteImage: Sendable {
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
    private let state: Mutex<State>

    /// - Parameters:
    ///   - omitted: what is left out, for its contents do not matter.
    ///   - level: of the compression, where it has levels.
    init(
        _ prepared: PreparedImage, _ area: ImageArea, _ memory: SavedMemory,
        without omitted: FrameSet, level: Int, _ report: Report
    ) {
        self.level = level
        self.prepared = prepared
        self.area = area
        self.memory = memory
        parts = memory.parts(ofPages: Self.partPages, without: omitted)
        let pages = parts.reduce(0) { $0 + $1.pageCount }
        progress = Progress("saving", total: pages * UInt64(PageFrame.size), report)
        state = Mutex(
            State(
                end: prepared.firstFreeOffset,
                results: Array(repeating: Result(), count: parts.count)))
    }

    /// "640 MiB in 2.4 s, 266 MiB/s".
    var summary: String { progress.summary }

    /// Writes all of memory, then the tables, then what makes it an image.
    func write(jumpBackEntry: PhysicalAddress) throws {
        let queue = WorkQueue(count: parts.count)
        try Parallel.run(Workers.count) { [self] _ in
            let packer = try ChunkPacker(prepared.header.compression, level: level)
            let packed = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
            let compressed = AlignedBuffer(count: Int(Chunk.pageLimit) * PageFrame.size)
            try queue.forEach { try write(part: $0, packer, packed.bytes, compressed.bytes) }
        }
        try complete(jumpBackEntry: jumpBackEntry)
    }

    private func write(
        part index: Int, _ packer: ChunkPacker, _ packed: UnsafeMutableRawBufferPointer,
        _ compressed: UnsafeMutableRawBufferPointer
    ) throws {
        let part = parts[index]
        var result = Result()
        do {
            let window = try memory.window(part)
            let first = part.frames[0].lower.rawValue
            for frames in part.frames {
                let start = Int(frames.lower.rawValue - first) * PageFrame.size
                let pages = window.bytes[start..<(start + Int(frames.count) * PageFrame.size)]
                let room = packed[(Int(result.dataPages) * PageFrame.size)...]
                var frame = frames.lower
                for run in PageScan.pack(
                    UnsafeRawBufferPointer(rebasing: pages),
                    into: UnsafeMutableRawBufferPointer(rebasing: room))
                {
                    result.runs.append(
                        PageRun(
                            first: frame, count: UInt32(run.pageCount),
                            kind: run.kind))
                    if run.kind == .data { result.dataPages += UInt64(run.pageCount) }
                    frame = frame + UInt64(run.pageCount)
                }
            }
        }
        if result.dataPages > 0 {
            let pages = UnsafeMutableRawBufferPointer(
                rebasing: packed[..<(Int(result.dataPages) * PageFrame.size)])
            result.chunks = [try store(pages, packer, compressed)]
        }
        state.withLock { $0.results[index] = result }
        progress.advance(by: part.pageCount * UInt64(PageFrame.size))
    }

    /// Writes one chunk, packed if that gains something.
    private func store(
        _ pages: UnsafeMutableRawBufferPointer, _ packer: ChunkPacker,
        _ compressed: UnsafeMutableRawBufferPointer
    ) throws -> Chunk {
        var bytes = pages
        if let size = packer.pack(UnsafeRawBufferPointer(pages), into: compressed) {
            bytes = UnsafeMutableRawBufferPointer(rebasing: compressed[..<size])
        }
        // Both buffers are a whole number of pages long, and the rest of the last is left zero.
        let paddedSize = (bytes.count + PageFrame.size - 1) / PageFrame.size * PageFrame.size
        let padded = UnsafeMutableRawBufferPointer(start: bytes.baseAddress, count: paddedSize)
        for index in bytes.count..<paddedSize { padded[index] = 0 }

        let offset = try state.withLock { state throws in
            let offset = state.end
            guard area.size - offset >= UInt64(paddedSize) else {
                throw SaveError.deviceFull(area.device.path, size: area.size)
            }
            state.end += UInt64(paddedSize)
            return offset
        }
        try area.device.write(from: UnsafeRawBufferPointer(padded), at: area.offset + offset)
        return Chunk(
            offset: offset, size: UInt32(bytes.count), firstPage: 0,
            pageCount: UInt32(pages.count / PageFrame.size),
            checksum: XXH64.hash(UnsafeRawBufferPointer(bytes)))
    }

    private func complete(jumpBackEntry: PhysicalAddress) throws {
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
        try area.commit([completion.signature])
    }

    /// Without this the machine would be off, and lost.
    private func requireRestorable(dataPages: UInt64) throws {
        let machine = prepared.machine
        let size = dataPages * UInt64(PageFrame.size)
        let limit = RestoreKernel.room(
            ram: machine.memoryMap.ram.count * UInt64(PageFrame.size),
            kernel: machine.jump.saverRegion.physicalRange.size)
        if size > limit { throw SaveError.imageTooLarge(size, limit: limit) }
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
                throw SaveError.deviceFull(area.device.path, size: area.size)
            }
            throw error
        }
    }
}

extension [PageRun] {
    /// Adds `run`, as part of the last one where it continues it.
    fileprivate mutating func appendMerging(_ run: PageRun) {
        guard let last, last.kind == run.kind, last.frames.upper == run.first,
            case let (sum, overflow) = last.count.addingReportingOverflow(run.count), !overflow
        else {
            append(run)
            return
        }
        self[count - 1].count = sum
    }
}
