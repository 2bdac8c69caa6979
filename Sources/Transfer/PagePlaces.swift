// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import Placement
import Threads

/// Where in this process's memory each page of the image goes, as far as that is known yet: what
/// is in place is known as soon as its frame is pinned, the rest when all memory is. Several
/// threads may ask at once, and wait; no two pages share a place.
package final class PagePlaces: Sendable {
    private let known = Monitor(KnownPlaces())

    package init() {}

    /// Makes known which pages go to memory that is theirs. It must outlive the places; what was made known
    /// before is in `places`, too.
    package func update(_ places: PagesInPlace, in memory: any PinnedPages) {
        known.change { known in
            known.inPlace = places
            known.memory = UInt(bitPattern: memory.address(ofSlot: 0))
            known.changes += 1
        }
    }

    /// Makes known where all of them go.
    package func complete(_ extents: [Placement.Extent], in memory: any PinnedPages) {
        known.change { known in
            // As it is: there may be millions of them.
            known.extents = extents
            known.isComplete = true
            known.memory = UInt(bitPattern: memory.address(ofSlot: 0))
            known.changes += 1
        }
    }

    /// No more will be known, or is wanted: those who wait for it, and who asks
    /// (``throwIfCancelled()``), get this error.
    package func cancel(_ error: any Error) {
        known.change { known in
            known.failure = error
            known.changes += 1
        }
    }

    /// The places that hold `pages`, in order. Waits until they are known.
    package func places(of pages: Range<Int>) throws -> [UnsafeMutableRawBufferPointer] {
        let places = try known.wait { known throws -> KnownPlaces? in
            var cursor = KnownPlaces.Cursor()
            if known.firstUnknown(of: pages, &cursor) == nil { return known }
            try known.throwIfCancelled()
            return nil
        }
        return places.memory(of: pages)
    }

    /// The memory of `pages`, if it is in one extent.
    package func onePlace(of pages: Range<Int>) throws -> UnsafeMutableRawBufferPointer? {
        let places = try places(of: pages)
        return places.count == 1 ? places[0] : nil
    }

    /// Copies consecutive pages of the image's data to their places.
    ///
    /// - Parameter source: whole pages, of which the first is `firstPage` of the stream.
    package func store(_ source: UnsafeRawBufferPointer, firstPage: Int) throws {
        var rest = source[...]
        for place in try places(of: firstPage..<(firstPage + source.count / PageFrame.size)) {
            place.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest.prefix(place.count)))
            rest = rest.dropFirst(place.count)
        }
    }

    /// For those who have all the places that they need.
    package func throwIfCancelled() throws { try now.throwIfCancelled() }

    /// What is known now.
    package var now: KnownPlaces { known.wait { $0 } }

    /// Waits until there were more than so many changes to what is known.
    package func waitForNews(after changes: Int) throws {
        try known.wait { known throws in
            try known.throwIfCancelled()
            return known.changes > changes ? () : nil
        }
    }
}

/// Places of some of the pages, or of all.
package struct KnownPlaces: Sendable {
    fileprivate var inPlace = PagesInPlace()
    /// Of all pages, ascending by their place in the image, if it is complete.
    fileprivate var extents: [Placement.Extent] = []
    fileprivate var isComplete = false
    /// The address of the first slot.
    fileprivate var memory: UInt = 0
    fileprivate var failure: (any Error)?
    /// How often something became known.
    fileprivate(set) var changes = 0

    func throwIfCancelled() throws {
        if let failure { throw failure }
    }

    /// Where the last page was found. For many questions, of pages that ascend.
    package typealias Cursor = PagesInPlace.Cursor

    /// The first of `pages` that has no place yet; nil where each has one.
    package func firstUnknown(of pages: Range<Int>, _ cursor: inout Cursor) -> Int? {
        if isComplete { return nil }
        var page = pages.lowerBound
        while page < pages.upperBound {
            guard let extent = inPlace.extent(from: page, &cursor) else { return page }
            page += extent.pageCount
        }
        return nil
    }

    /// The memory of `pages`, of which all have a place.
    fileprivate func memory(of pages: Range<Int>) -> [UnsafeMutableRawBufferPointer] {
        var result: [UnsafeMutableRawBufferPointer] = []
        func append(slot: Int, count: Int) {
            result.append(
                UnsafeMutableRawBufferPointer(
                    start: UnsafeMutableRawPointer(
                        bitPattern: memory + UInt(slot * PageFrame.size)),
                    count: count * PageFrame.size))
        }
        var page = pages.lowerBound
        var cursor = Cursor()
        var index = isComplete ? extents.partitionPoint { $0.firstStreamIndex <= page } - 1 : 0
        while page < pages.upperBound {
            if isComplete {
                let extent = extents[index]
                let end = min(extent.firstStreamIndex + extent.pageCount, pages.upperBound)
                append(slot: extent.firstSlot + (page - extent.firstStreamIndex), count: end - page)
                page = end
                index += 1
            } else {
                guard let extent = inPlace.extent(from: page, &cursor) else {
                    preconditionFailure("all of them have a place")
                }
                let count = min(extent.pageCount, pages.upperBound - page)
                append(slot: extent.firstSlot, count: count)
                page += count
            }
        }
        return result
    }
}
