// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import PhysicalMemory

/// What the hand-off needs in consecutive frames: one page of code, and the page tables. The moves
/// may lie anywhere; where there is no other memory for them, behind the tables.
package struct HandoffBlock: Sendable {
    package let frames: FrameRange
    /// Where the hand-off finds its first moves.
    package let listAddress: PhysicalAddress
    private let tables: IdentityMap
    /// What lies behind the tables.
    private let ownList: MoveList?

    /// - Parameters:
    ///   - frames: ``pageCount(_:moves:)``, without moves; they hold nothing else.
    ///   - list: lies elsewhere.
    init(at frames: FrameRange, _ tables: IdentityMap, list: MoveList) {
        self.frames = frames
        self.tables = tables
        listAddress = list.address
        ownList = nil
    }

    /// With the moves in it.
    ///
    /// - Parameter frames: ``pageCount(_:moves:)``; they hold nothing else.
    package init(at frames: FrameRange, _ tables: IdentityMap, _ moves: [Move]) {
        self.frames = frames
        self.tables = tables
        let behind = FrameRange(
            frames.lower + Self.pageCount(tables, moves: 0),
            count: MoveList.pageCount(moves: moves.count))
        let list = MoveList(
            moves,
            on: behind.isEmpty ? [] : [.init(run: IndexedRun(behind, firstIndex: 0), fill: 0)])
        listAddress = list.address
        ownList = list
    }

    /// - Parameter moves: how many lie in the block.
    package static func pageCount(_ tables: IdentityMap, moves: Int) -> UInt64 {
        1 + UInt64(tables.tableCount) + MoveList.pageCount(moves: moves)
    }

    /// The hand-off code's own page.
    package var codeAddress: PhysicalAddress { frames.lower.address }

    /// Of the identity map with 4 levels.
    package var topTable4: PhysicalAddress { table(tables.topTable4) }

    /// Of the same with 5, where there is one.
    package var topTable5: PhysicalAddress? { tables.topTable5.map(table) }

    /// All bytes of the block, the code's page first.
    ///
    /// - Parameter code: the hand-off code with its parameters filled in, at most a page.
    package func bytes(code: [UInt8]) -> [UInt8] {
        precondition(code.count <= PageFrame.size, "the hand-off code fits one page")
        var bytes = code
        bytes.reserveCapacity(Int(frames.count) * PageFrame.size)
        bytes.append(contentsOf: repeatElement(0, count: PageFrame.size - code.count))
        for word in tables.serialized(at: table(0)) { bytes.append(littleEndian: word) }
        ownList?.forEachPage { bytes += $1 }
        return bytes
    }

    private func table(_ number: Int) -> PhysicalAddress {
        (frames.lower + UInt64(1 + number)).address
    }
}
