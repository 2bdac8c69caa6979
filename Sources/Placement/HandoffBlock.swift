// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// What the hand-off needs in memory, in consecutive frames: one page of code, the page tables, the
/// moves.
package struct HandoffBlock: Sendable {
    package let frames: FrameRange
    private let tables: IdentityMap
    private let moves: [Move]

    /// - Parameter frames: at least as many as ``pageCount(_:moves:)``; they hold nothing else.
    package init(at frames: FrameRange, _ tables: IdentityMap, _ moves: [Move]) {
        self.frames = frames
        self.tables = tables
        self.moves = moves
    }

    package static func pageCount(_ tables: IdentityMap, moves: Int) -> UInt64 {
        1 + UInt64(tables.tableCount)
            + UInt64((moves * Move.serializedSize).units(of: PageFrame.size))
    }

    /// The hand-off code's own page.
    package var codeAddress: PhysicalAddress { frames.lower.address }

    /// CR3 for 4-level paging.
    package var topTable4: PhysicalAddress { table(IdentityMap.topTable4) }

    /// CR3 for 5-level paging.
    package var topTable5: PhysicalAddress { table(IdentityMap.topTable5) }

    /// The first of the moves.
    package var movesAddress: PhysicalAddress { table(tables.tableCount) }

    package var moveCount: Int { moves.count }

    /// All bytes of the block, the code's page first.
    ///
    /// - Parameter code: the hand-off code with its parameters filled in, at most a page.
    package func bytes(code: [UInt8]) -> [UInt8] {
        precondition(code.count <= PageFrame.size, "the hand-off code fits one page")
        var bytes = code + [UInt8](repeating: 0, count: PageFrame.size - code.count)
        bytes.reserveCapacity(Int(frames.count) * PageFrame.size)
        for word in tables.serialized(at: table(0)) { bytes.append(littleEndian: word) }
        for move in moves { for word in move.words { bytes.append(littleEndian: word) } }
        let size = Int(frames.count) * PageFrame.size
        return bytes + [UInt8](repeating: 0, count: size - bytes.count)
    }

    private func table(_ number: Int) -> PhysicalAddress {
        (frames.lower + UInt64(1 + number)).address
    }
}
