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

    /// Makes known where some more pages go. `memory` must outlive the places.
    package func add(_ extents: [Placement.Extent], in memory: any PinnedPages) {
        known.change { $0.add(extents.map { Place($0, in: memory) }) }
    }

    /// Makes known where all of them go.
    package func complete(_ extents: [Placement.Extent], in memory: any PinnedPages) {
        known.change { known in
            known.places = extents.map { Place($0, in: memory) }
            known.isComplete = true
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
        let places = try known.wait { known throws -> [Place]? in
            if known.has(pages) { return known.places }
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

/// Places of some of the pages.
package struct KnownPlaces: Sendable {
    /// Ascending by their pages.
    fileprivate var places: [Place] = []
    /// Whether it is all of them.
    fileprivate var isComplete = false
    fileprivate var failure: (any Error)?
    /// How often something became known.
    fileprivate(set) var changes = 0

    fileprivate mutating func add(_ new: [Place]) {
        places = (places + new).sorted { $0.pages.lowerBound < $1.pages.lowerBound }
        changes += 1
    }

    func throwIfCancelled() throws {
        if let failure { throw failure }
    }

    /// Whether each of `pages` has one.
    package func has(_ pages: Range<Int>) -> Bool {
        if isComplete { return true }
        var page = pages.lowerBound
        for place in places[max(places.lastIndex(startingUpTo: page), 0)...] {
            if page >= pages.upperBound || !place.pages.contains(page) { break }
            page = place.pages.upperBound
        }
        return page >= pages.upperBound
    }
}

/// Memory for consecutive pages of the image's data.
private struct Place {
    var pages: Range<Int>
    var address: UInt

    init(_ extent: Placement.Extent, in memory: any PinnedPages) {
        pages = extent.firstStreamIndex..<(extent.firstStreamIndex + extent.pageCount)
        address = UInt(bitPattern: memory.address(ofSlot: extent.firstSlot))
    }
}

extension [Place] {
    /// The memory of `pages`, of which all have a place.
    fileprivate func memory(of pages: Range<Int>) -> [UnsafeMutableRawBufferPointer] {
        var result: [UnsafeMutableRawBufferPointer] = []
        var page = pages.lowerBound
        var index = lastIndex(startingUpTo: page)
        while page < pages.upperBound {
            let place = self[index]
            let end = Swift.min(place.pages.upperBound, pages.upperBound)
            let skipped = UInt((page - place.pages.lowerBound) * PageFrame.size)
            result.append(
                UnsafeMutableRawBufferPointer(
                    start: UnsafeMutableRawPointer(bitPattern: place.address + skipped),
                    count: (end - page) * PageFrame.size))
            page = end
            index += 1
        }
        return result
    }

    /// The index of the last one that begins with `page` or before it; -1 where there is none.
    fileprivate func lastIndex(startingUpTo page: Int) -> Int {
        partitionPoint { $0.pages.lowerBound <= page } - 1
    }
}
