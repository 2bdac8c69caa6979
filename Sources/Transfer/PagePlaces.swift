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
        known.change { $0.add(extents, in: memory) }
    }

    /// Makes known where all of them go.
    package func complete(_ extents: [Placement.Extent], in memory: any PinnedPages) {
        known.change { known in
            // As it is: there may be millions of them.
            known.extents = extents
            known.memory = UInt(bitPattern: memory.address(ofSlot: 0))
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
        let places = try known.wait { known throws -> KnownPlaces? in
            if known.has(pages) { return known }
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
    /// Ascending by their pages of the image.
    fileprivate var extents: [Placement.Extent] = []
    /// The address of the first slot.
    fileprivate var memory: UInt = 0
    /// Whether it is all of them.
    fileprivate var isComplete = false
    fileprivate var failure: (any Error)?
    /// How often something became known.
    fileprivate(set) var changes = 0

    fileprivate mutating func add(_ new: [Placement.Extent], in memory: any PinnedPages) {
        extents = (extents + new).sorted { $0.firstStreamIndex < $1.firstStreamIndex }
        self.memory = UInt(bitPattern: memory.address(ofSlot: 0))
        changes += 1
    }

    func throwIfCancelled() throws {
        if let failure { throw failure }
    }

    /// Whether each of `pages` has one.
    package func has(_ pages: Range<Int>) -> Bool {
        if isComplete { return true }
        var page = pages.lowerBound
        for extent in extents[max(lastIndex(startingUpTo: page), 0)...] {
            if page >= pages.upperBound || !extent.pages.contains(page) { break }
            page = extent.pages.upperBound
        }
        return page >= pages.upperBound
    }

    /// The memory of `pages`, of which all have a place.
    fileprivate func memory(of pages: Range<Int>) -> [UnsafeMutableRawBufferPointer] {
        var result: [UnsafeMutableRawBufferPointer] = []
        var page = pages.lowerBound
        var index = lastIndex(startingUpTo: page)
        while page < pages.upperBound {
            let extent = extents[index]
            let end = min(extent.pages.upperBound, pages.upperBound)
            let slot = extent.firstSlot + (page - extent.firstStreamIndex)
            result.append(
                UnsafeMutableRawBufferPointer(
                    start: UnsafeMutableRawPointer(
                        bitPattern: memory + UInt(slot * PageFrame.size)),
                    count: (end - page) * PageFrame.size))
            page = end
            index += 1
        }
        return result
    }

    /// The index of the last extent that begins with `page` or before it; -1 where there is none.
    private func lastIndex(startingUpTo page: Int) -> Int {
        extents.partitionPoint { $0.firstStreamIndex <= page } - 1
    }
}

extension Placement.Extent {
    fileprivate var pages: Range<Int> { firstStreamIndex..<(firstStreamIndex + pageCount) }
}
