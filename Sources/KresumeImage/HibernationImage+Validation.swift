// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

extension HibernationImage {
    /// Checks that all parts agree with each other, the area and the format's limits. An image
    /// that was read has passed; one to be written must.
    func validate(areaSize: UInt64) throws(ImageError) {
        try header.checkLayout(areaSize: areaSize)
        try machine.validate()
        try checkRuns()
        try checkChunks()
        try checkCounts()
        try checkJump()
        try header.checkOverlap(with: chunks)
    }

    /// One walk over the runs and the ranges of memory, both ascending.
    private func checkRuns() throws(ImageError) {
        let usable = memory.subtracting(machine.jump.saverMemory).ranges
        var next = 0
        var previous: PageRun?
        for run in runs {
            if run.count == 0 { throw .emptyRun(run) }
            guard run.isBelowLimit else { throw .runBeyondLimit(run) }
            if let previous, run.first < previous.frames.upper {
                throw .overlappingRun(run, previous: previous)
            }
            while next < usable.count, usable[next].upper <= run.first { next += 1 }
            guard next < usable.count, usable[next].contains(run.frames) else {
                let isSavers = !machine.jump.saverMemory.intersection(run.frames).isEmpty
                throw isSavers ? .runInSaverMemory(run) : .runOutsideMemory(run)
            }
            previous = run
        }
    }

    private func checkChunks() throws(ImageError) {
        var firstPage: UInt64 = 0
        for (index, chunk) in chunks.enumerated() {
            guard (1...Chunk.pageLimit).contains(chunk.pageCount) else {
                throw .chunkPages(index, chunk.pageCount)
            }
            guard (1...chunk.pageCount * UInt32(PageFrame.size)).contains(chunk.size) else {
                throw .chunkSize(index, chunk.size, pages: chunk.pageCount)
            }
            guard chunk.firstPage == firstPage else {
                throw .chunkOrder(index, firstPage: chunk.firstPage, expected: firstPage)
            }
            try header.checkPlace(
                .chunk(index), offset: chunk.offset, size: UInt64(chunk.size))
            firstPage += UInt64(chunk.pageCount)
        }
    }

    /// Runs are disjoint and below the frame limit here, so no sum overflows.
    private func checkCounts() throws(ImageError) {
        var pages: (data: UInt64, zero: UInt64) = (0, 0)
        for run in runs {
            switch run.kind {
            case .data: pages.data += UInt64(run.count)
            case .zero: pages.zero += UInt64(run.count)
            case .poison: break
            }
        }
        let inChunks = chunks.last?.pages.upperBound ?? 0
        guard pages.data == header.dataPages, inChunks == header.dataPages else {
            throw .dataPages(header: header.dataPages, runs: pages.data, chunks: inChunks)
        }
        guard pages.zero == header.zeroPages else {
            throw .zeroPages(header: header.zeroPages, runs: pages.zero)
        }
        guard UInt64(chunks.count) == header.chunkCount else {
            throw .chunkCount(header: header.chunkCount, chunks: UInt64(chunks.count))
        }
    }

    /// The original kernel's control page is in use and not empty, so it must be among the data;
    /// its message page is in use, so something must be said about it.
    private func checkJump() throws(ImageError) {
        let entry = machine.jump.jumpBackEntry ?? PhysicalAddress(0)
        guard run(holding: entry.frame)?.kind == .data else { throw .jumpBackEntry(entry) }
        if let page = machine.jump.messagePage, run(holding: page.frame) == nil {
            throw .messagePage(page)
        }
    }

    private func run(holding frame: PageFrame) -> PageRun? {
        let after = runs.partitionPoint { $0.first <= frame }
        guard after > 0, runs[after - 1].frames.contains(frame) else { return nil }
        return runs[after - 1]
    }
}
