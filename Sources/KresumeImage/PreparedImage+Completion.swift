// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import SwapArea

/// What is left to write when all chunks are. Each step must have reached the medium before the
/// next one begins.
package struct ImageCompletion: Hashable, Sendable {
    package let image: HibernationImage
    /// First, in any order: tables, header, and the state *ready*.
    package let writes: [ImageWrite]
    /// Last: the signature. There is no image before it.
    package let signature: ImageWrite
}

extension PreparedImage {
    /// Completes the image. `chunks` may come in any order; `dataEnd` is where the last of them
    /// ends, a multiple of 4096, and what the tables follow.
    ///
    /// Throws what a reader of the result would throw.
    package func completed(
        jumpBackEntry: PhysicalAddress, runs: [PageRun], chunks: [Chunk], dataEnd: UInt64,
        areaSize: UInt64
    ) throws(ImageError) -> ImageCompletion {
        let areaSize = signaturePage.usableSize(
            of: areaSize, original: header.originalSignature)
        var header = header
        var machine = machine
        machine.jump.jumpBackEntry = jumpBackEntry
        header.sections.removeAll { $0.kind == .jump }
        header.imageSize = dataEnd
        // Before a section is placed behind it: no sum below overflows then.
        try header.checkLayout(areaSize: areaSize)
        let chunks = chunks.sorted { $0.firstPage < $1.firstPage }
        header.dataPages = runs.reduce(0) { $0 + ($1.kind == .data ? UInt64($1.count) : 0) }
        header.zeroPages = runs.reduce(0) { $0 + ($1.kind == .zero ? UInt64($1.count) : 0) }
        header.chunkCount = UInt64(chunks.count)
        var writes = [
            try header.append(.jump, machine.jump.serialised()),
            try header.append(.runs, PageRun.serialise(runs)),
            try header.append(.chunks, Chunk.serialise(chunks)),
        ]
        let image = HibernationImage(
            header: header, state: .ready, machine: machine, runs: runs, chunks: chunks)
        try image.validate(areaSize: areaSize)
        writes.append(try header.write())
        writes.append(StateRecord(id: header.id, state: .ready).write)
        return ImageCompletion(
            image: image, writes: writes, signature: signaturePage.withSignature(.image).write)
    }
}
