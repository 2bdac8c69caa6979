// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import Placement

/// Where in this process's memory each page of the image goes. Several threads may ask at once;
/// no two pages share a place.
struct PagePlaces: Sendable {
    private let pieces: [Placement.Piece]
    private let base: UInt

    /// `pieces` in the order of the image's data; `base` is slot 0, and must outlive the places.
    init(_ pieces: [Placement.Piece], base: UnsafeMutableRawPointer) {
        self.pieces = pieces
        self.base = UInt(bitPattern: base)
    }

    /// Copies consecutive pages of the image's data to their places.
    ///
    /// - Parameter source: whole pages, of which the first is `firstPage` of the stream.
    func store(_ source: UnsafeRawBufferPointer, firstPage: Int) {
        forEachPlace(of: firstPage..<(firstPage + source.count / PageFrame.size)) { offset, place in
            let part = source[(offset * PageFrame.size)...].prefix(place.count)
            place.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
        }
    }

    /// Calls `body` with each place that holds some of `pages`, in order: how many of the pages
    /// come before it, and its memory.
    func forEachPlace(
        of pages: Range<Int>, _ body: (_ offset: Int, UnsafeMutableRawBufferPointer) -> Void
    ) {
        var page = pages.lowerBound
        var index = firstPiece(with: page)
        while page < pages.upperBound {
            let piece = pieces[index]
            let skipped = page - piece.firstStreamIndex
            let count = min(piece.pageCount - skipped, pages.upperBound - page)
            let slot = UInt(piece.firstSlot + skipped)
            body(
                page - pages.lowerBound,
                UnsafeMutableRawBufferPointer(
                    start: UnsafeMutableRawPointer(
                        bitPattern: base + slot * UInt(PageFrame.size)),
                    count: count * PageFrame.size))
            page += count
            index += 1
        }
    }

    /// The places that hold `pages`, in order.
    func places(of pages: Range<Int>) -> [UnsafeMutableRawBufferPointer] {
        var places: [UnsafeMutableRawBufferPointer] = []
        forEachPlace(of: pages) { places.append($1) }
        return places
    }

    /// The memory of `pages`, if it is in one piece.
    func onePlace(of pages: Range<Int>) -> UnsafeMutableRawBufferPointer? {
        let places = places(of: pages)
        return places.count == 1 ? places[0] : nil
    }

    private func firstPiece(with page: Int) -> Int {
        var low = 0
        var high = pieces.count
        while low < high {
            let middle = (low + high) / 2
            if pieces[middle].firstStreamIndex <= page { low = middle + 1 } else { high = middle }
        }
        return low - 1
    }
}
