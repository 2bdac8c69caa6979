// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

extension HibernationImage {
    /// Checks that all parts agree with each other, the area and the format's limits. An image
    /// that was read has passed; one to be written must.
    func validate(areaSize: UInt64) throws(ImageError) {
        try header.checkLayout(areaSize: areaSize)
        try machine.validate()
        try header.checkTables(runs: runs, chunks: chunks, of: machine)
        try header.checkOverlap(with: chunks)
    }
}

extension ImageHeader {
    /// One walk over each table.
    func checkTables(
        runs: some Sequence<PageRun>, chunks: some Sequence<Chunk>, of machine: MachineRecord
    ) throws(ImageError) {
        var runCheck = RunCheck(
            machine.jump, in: machine.memory(withACPIData: hasACPIData))
        for run in runs { try runCheck.take(run) }
        var chunkCheck = ChunkCheck()
        for chunk in chunks { try chunkCheck.take(chunk, of: self) }

        guard runCheck.dataPages == dataPages, chunkCheck.pageCount == dataPages else {
            throw .dataPages(
                header: dataPages, runs: runCheck.dataPages, chunks: chunkCheck.pageCount)
        }
        guard runCheck.zeroPages == zeroPages else {
            throw .zeroPages(header: zeroPages, runs: runCheck.zeroPages)
        }
        guard chunkCheck.count == chunkCount else {
            throw .chunkCount(header: chunkCount, chunks: chunkCheck.count)
        }
        try runCheck.finish()
    }
}

/// Looks at the runs, one after the other: they and the ranges of memory both ascend.
private struct RunCheck {
    private let jump: JumpRecord
    private let usable: [FrameRange]
    private var next = 0
    private var previous: PageRun?
    private var hasEntry = false
    private var hasMessagePage = false
    // Runs are disjoint and below the frame limit, so no sum overflows.
    private(set) var dataPages: UInt64 = 0
    private(set) var zeroPages: UInt64 = 0

    init(_ jump: JumpRecord, in memory: FrameSet) {
        self.jump = jump
        usable = memory.subtracting(jump.saverMemory).ranges
    }

    private var entry: PhysicalAddress { jump.jumpBackEntry ?? PhysicalAddress(0) }

    mutating func take(_ run: PageRun) throws(ImageError) {
        if run.count == 0 { throw .emptyRun(run) }
        guard run.isBelowLimit else { throw .runBeyondLimit(run) }
        if let previous, run.first < previous.frames.upper {
            throw .overlappingRun(run, previous: previous)
        }
        while next < usable.count, usable[next].upper <= run.first { next += 1 }
        guard next < usable.count, usable[next].contains(run.frames) else {
            let isSavers = !jump.saverMemory.intersection(run.frames).isEmpty
            throw isSavers ? .runInSaverMemory(run) : .runOutsideMemory(run)
        }
        previous = run
        switch run.kind {
        case .data:
            dataPages += UInt64(run.count)
            if run.frames.contains(entry.frame) { hasEntry = true }
        case .zero: zeroPages += UInt64(run.count)
        case .poison: break
        }
        if let page = jump.messagePage, run.frames.contains(page.frame) { hasMessagePage = true }
    }

    /// The original kernel's control page is in use and not empty, so it must be among the data;
    /// its message page is in use, so something must be said about it.
    func finish() throws(ImageError) {
        if !hasEntry { throw .jumpBackEntry(entry) }
        if let page = jump.messagePage, !hasMessagePage { throw .messagePage(page) }
    }
}

/// Looks at the chunks, one after the other.
private struct ChunkCheck {
    private(set) var count: UInt64 = 0
    private(set) var pageCount: UInt64 = 0

    mutating func take(_ chunk: Chunk, of header: ImageHeader) throws(ImageError) {
        let index = Int(count)
        guard (1...Chunk.pageLimit).contains(chunk.pageCount) else {
            throw .chunkPages(index, chunk.pageCount)
        }
        guard (1...chunk.pageCount * UInt32(PageFrame.size)).contains(chunk.size) else {
            throw .chunkSize(index, chunk.size, pages: chunk.pageCount)
        }
        guard chunk.firstPage == pageCount else {
            throw .chunkOrder(index, firstPage: chunk.firstPage, expected: pageCount)
        }
        try header.checkPlace(.chunk(index), offset: chunk.offset, size: UInt64(chunk.size))
        pageCount += UInt64(chunk.pageCount)
        count += 1
    }
}
