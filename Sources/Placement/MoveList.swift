// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// The moves on pages that lie anywhere, each of which says where the next one is.
///
/// On the other side a page is `struct kresume_handoff_list` of CHandoff; a test compares the two.
package struct MoveList: Sendable {
    /// Pages of the list in consecutive frames.
    struct Pages: Sendable {
        var run: IndexedRun
        /// What the hand-off fills them with when it has read them.
        var fill: UInt8
    }

    package let moves: [Move]
    /// In the order of the list.
    private let pages: [Pages]

    /// In bytes: where the next page is, how many moves this one has, and the byte to fill it with.
    private static let headerSize = 16
    static let movesPerPage = (PageFrame.size - headerSize) / Move.serializedSize

    /// - Parameter pages: at least as many as ``pageCount(moves:)``, and no move's destination.
    init(_ moves: [Move], on pages: [Pages]) {
        self.moves = moves
        self.pages = pages
        precondition(pageCount >= Self.pageCount(moves: moves.count), "the list has room")
    }

    /// How many pages so many moves take.
    package static func pageCount(moves: Int) -> UInt64 {
        UInt64((moves + movesPerPage - 1) / movesPerPage)
    }

    package var pageCount: UInt64 { pages.reduce(0) { $0 + $1.run.frames.count } }

    /// Where the first page is; 0 where there are no moves.
    package var address: PhysicalAddress {
        pages.first?.run.frames.lower.address ?? PhysicalAddress(0)
    }

    /// Tells the bytes of each page of the list and its number, which is a slot where the list lies
    /// in pinned memory.
    package func forEachPage(_ body: (_ index: Int, _ bytes: [UInt8]) -> Void) {
        var bytes: [UInt8] = []
        var rest = moves[...]
        for (number, part) in pages.enumerated() {
            for page in 0..<part.run.frames.count {
                let isLast = page + 1 == part.run.frames.count
                let next =
                    if !isLast {
                        part.run.frames.lower + (page + 1)
                    } else if number + 1 < pages.count {
                        pages[number + 1].run.frames.lower
                    } else {
                        PageFrame(0)
                    }
                let moves = rest.prefix(Self.movesPerPage)
                rest = rest.dropFirst(Self.movesPerPage)
                bytes.removeAll(keepingCapacity: true)
                bytes.append(littleEndian: next.address.rawValue)
                bytes.append(littleEndian: UInt32(moves.count))
                bytes.append(littleEndian: UInt32(part.fill))
                for move in moves {
                    let (source, destination, count) = move.words
                    bytes.append(littleEndian: source)
                    bytes.append(littleEndian: destination)
                    bytes.append(littleEndian: count)
                }
                bytes.append(contentsOf: repeatElement(0, count: PageFrame.size - bytes.count))
                body(part.run.firstIndex + Int(page), bytes)
            }
        }
    }
}
