// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import SwapArea

/// What is left to write when all chunks are. Each step must have reached the medium before the
/// next one begins. The tables are not copied: they are walked through once more.
package struct ImageCompletion<Runs: Sequence<PageRun>, Chunks: Sequence<Chunk>> {
    package let header: ImageHeader
    package let machine: MachineRecord
    private let runs: Runs
    private let chunks: Chunks
    private let others: [ImageWrite]
    /// Last: the signature. There is no image before it.
    package let signature: ImageWrite

    fileprivate init(
        header: ImageHeader, machine: MachineRecord, runs: Runs, chunks: Chunks,
        others: [ImageWrite], signature: ImageWrite
    ) {
        self.header = header
        self.machine = machine
        self.runs = runs
        self.chunks = chunks
        self.others = others
        self.signature = signature
    }

    /// Tells what is to be written first, in any order: tables, header, and the state *ready*.
    package func forEachWrite(_ body: (ImageWrite) throws -> Void) rethrows {
        try forEachWrite(of: .runs, runs, body)
        if header.isSealed {
            try forEachWrite(of: .chunks, chunks.lazy.map { SealedChunk(chunk: $0) }, body)
        } else {
            try forEachWrite(of: .chunks, chunks, body)
        }
        for write in others { try body(write) }
    }

    private func forEachWrite(
        of kind: SectionKind, _ table: some Sequence<some TableEntry>,
        _ body: (ImageWrite) throws -> Void
    ) rethrows {
        guard var offset = header.sections.first(where: { $0.kind == kind })?.offset else { return }
        try table.forEachPiece { bytes in
            try body(ImageWrite(offset: offset, padding: bytes))
            offset += UInt64(bytes.count)
        }
    }
}

extension PreparedImage {
    /// Completes the image.
    ///
    /// Throws what a reader of the result would throw; that no two chunks overlap is not looked at.
    ///
    /// - Parameters:
    ///   - runs: can be walked through several times, as can `chunks`.
    ///   - chunks: in the order of the data stream.
    ///   - dataEnd: where the last of them ends, a multiple of 4096, and what the tables follow.
    ///   - sealer: of an image that is to be sealed; nil for a plain one.
    package func completed<Runs: Sequence<PageRun>, Chunks: Sequence<Chunk>>(
        jumpBackEntry: PhysicalAddress, runs: Runs, chunks: Chunks, dataEnd: UInt64,
        areaSize: UInt64, sealer: ImageSealer? = nil
    ) throws(ImageError) -> ImageCompletion<Runs, Chunks> {
        precondition(header.isSealed == (sealer != nil))
        let areaSize = signaturePage.usableSize(
            of: areaSize, original: header.originalSignature)
        var header = header
        var machine = machine
        machine.jump.jumpBackEntry = jumpBackEntry
        header.sections.removeAll { $0.kind == .jump || $0.kind == .fileSystems }
        header.imageSize = dataEnd
        // Before a section is placed behind it: no sum below overflows then.
        try header.checkLayout(areaSize: areaSize)
        // Whatever a prepared image says.
        (header.dataPages, header.zeroPages, header.chunkCount) = (0, 0, 0)
        for run in runs {
            if run.kind == .data { header.dataPages += UInt64(run.count) }
            if run.kind == .zero { header.zeroPages += UInt64(run.count) }
        }
        for chunk in chunks {
            try checkPlace(of: chunk, dataEnd: dataEnd)
            header.chunkCount += 1
        }
        var others = [try header.append(.jump, machine.jump.serialised())]
        if !fileSystems.isEmpty {
            others.append(try header.append(.fileSystems, fileSystems.serialised()))
        }
        if !report.isEmpty {
            others.append(try header.append(.report, SaverReport.serialised(report)))
        }
        try header.append(.runs, table: runs)
        if header.isSealed {
            try header.append(.chunks, table: chunks.lazy.map { SealedChunk(chunk: $0) })
        } else {
            try header.append(.chunks, table: chunks)
        }
        // Last: it authenticates all others.
        if let sealer { others.append(try sealer.append(to: &header)) }
        others += [try header.write(), StateRecord(id: header.id, state: .ready).write]
        try header.checkLayout(areaSize: areaSize)
        try machine.validate()
        try header.checkTables(runs: runs, chunks: chunks, of: machine)
        try header.checkOverlap()
        return ImageCompletion(
            header: header, machine: machine, runs: runs, chunks: chunks,
            others: others,
            signature: signaturePage.withSignature(.image).write)
    }

    /// Between what the original kernel has written and the tables.
    private func checkPlace(of chunk: Chunk, dataEnd: UInt64) throws(ImageError) {
        guard chunk.offset >= firstFreeOffset else {
            throw .overlap(offset: chunk.offset, previousEnd: firstFreeOffset)
        }
        let (end, overflow) = chunk.offset.addingReportingOverflow(UInt64(chunk.size))
        guard !overflow, end <= dataEnd else {
            throw .overlap(
                offset: dataEnd, previousEnd: overflow ? .max : ImageFormat.padded(end))
        }
    }
}
