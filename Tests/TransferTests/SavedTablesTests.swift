// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import PhysicalMemory
import TestSupport
import Testing
import Transfer

@Suite struct SavedTablesTests {
    private static func chunk(_ pages: UInt64, at offset: UInt64) -> Chunk {
        Chunk(offset: offset, size: 1, firstPage: 99, pageCount: UInt32(pages), checksum: offset)
    }

    /// Parts may be done in any order, and some have no data.
    @Test func chunksAreInTheOrderOfTheData() throws {
        var tables = try SavedTables(PageKinds([FrameRange(PageFrame(16), count: 5 * 256)]))
        #expect(tables.partCount == 5 && tables.pageCount == 5 * 256 && tables.runCount == 5)
        var parts: [(part: Int, frames: [FrameRange])] = []
        while let part = tables.next() { parts.append(part) }
        #expect(parts.map(\.part) == [0, 1, 2, 3, 4])
        for (number, frames) in parts.reversed() {
            let first = frames[0].lower
            let runs = [
                PageRun(first: first, count: 200, kind: number == 2 ? .zero : .data),
                PageRun(first: first + 200, count: 56, kind: .zero),
            ]
            let taken = tables.take(runs, of: frames)
            #expect(taken == runs)
            if number != 2 {
                tables.add(Self.chunk(200, at: UInt64(10 - number) * 4096), part: number)
            }
        }
        #expect(tables.dataPages == 800 && tables.runCount == 10)
        let chunks = Array(tables.chunks)
        #expect(chunks.map(\.offset) == [10, 9, 7, 6].map { $0 * 4096 })
        #expect(chunks.map(\.firstPage) == [0, 200, 400, 600])
        // What is zero goes on from part to part.
        #expect(tables.runs.map(\.count) == [200, 56, 200, 56 + 256, 200, 56, 200, 56])
        #expect(tables.sizeLimit >= 8 * 16 + 4 * 24)
    }

    /// However scattered memory is, its image has no more runs than an image can have; nothing that
    /// is to be saved is lost by that.
    @Test(arguments: [40, 100, 300, 1000, 5000]) func thereAreNeverTooManyRuns(limit: UInt64) throws
    {
        let memory = FrameRange(PageFrame(256), count: 32 * 256)
        var random = SplitMix(state: limit)
        var pages = PageKinds([memory])
        for frame in stride(from: memory.lower.rawValue, to: memory.upper.rawValue - 4096, by: 2) {
            pages.leaveOut(FrameRange(PageFrame(frame), count: 1))
        }
        let wanted = FrameSet(pages.runs.map(\.frames))
        var tables = try SavedTables(pages, runLimit: limit)
        var dataPages: UInt64 = 0
        while let (number, frames) = tables.next() {
            var runs: [PageRun] = []
            for range in frames {
                for frame in range.lower.rawValue..<range.upper.rawValue {
                    let kind = [PageRun.Kind.data, .zero, .poison].randomElement(using: &random)!
                    runs.append(PageRun(first: PageFrame(frame), count: 1, kind: kind))
                }
            }
            let taken = tables.take(runs, of: frames)
            #expect(FrameSet(taken.map(\.frames)) == FrameSet(frames))
            let count = taken.reduce(0) { $0 + ($1.kind == .data ? UInt64($1.count) : 0) }
            #expect(count <= 256)
            dataPages += count
            if count > 0 { tables.add(Self.chunk(count, at: 4096), part: number) }
        }
        let runs = Array(tables.runs)
        #expect(runs.count <= limit && runs.count <= tables.runCount)
        #expect(tables.runCount <= limit)
        #expect(tables.dataPages == dataPages)
        #expect(tables.chunks.reduce(0) { $0 + UInt64($1.pageCount) } == dataPages)
        let saved = FrameSet(runs.map(\.frames))
        #expect(wanted.subtracting(saved).isEmpty)
        // And no more than need be.
        if limit == 5000 {
            #expect(saved == wanted && runs.contains { $0.kind == .poison })
        } else {
            #expect(saved.count > wanted.count)
        }
    }

    @Test func moreChunksThanAnImageCanHave() {
        // 16 TiB.
        #expect(throws: ImageError.sectionSize(.chunks, (16 << 20) * 24, limit: 1 << 28)) {
            try Chunk.requireTable(ofCount: 16 << 20, isSealed: false)
        }
        #expect(throws: Never.self) { try Chunk.requireTable(ofCount: 10 << 20, isSealed: false) }
        #expect(throws: ImageError.sectionSize(.chunks, (10 << 20) * 32, limit: 1 << 28)) {
            try Chunk.requireTable(ofCount: 10 << 20, isSealed: true)
        }
    }
}
