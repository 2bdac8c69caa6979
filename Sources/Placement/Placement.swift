// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import PhysicalMemory

/// Where every page of an image waits in pinned memory, and how it comes home at the end.
///
/// - A page whose destination frame this process owns is read straight into it: *in place*.
/// - Every other page is *staged* in an owned frame that is no page's destination, and moved by
///   the hand-off. Frames that end as zeroes may stage too: the zero fills come after the copies.
/// - The list of what is moved lies in such frames as well: those that nothing is moved to.
/// - An owned frame that must be zero and holds nothing of this is zero already.
///
/// Each owned frame is either in place or can stage, so the memory needed is the image's data and
/// the list, however much RAM there is.
@usableFromInline
package struct Placement: Sendable {
    /// Consecutive pages of the image that load into consecutive pages of pinned memory.
    @usableFromInline
    package struct Extent: Hashable, Sendable {
        @usableFromInline let pages: PackedRun

        @inlinable
        package init(firstStreamIndex: Int, firstSlot: Int, pageCount: Int) {
            pages = PackedRun(
                first: UInt64(firstStreamIndex), second: UInt64(firstSlot),
                count: UInt64(pageCount))
        }

        @inlinable
        package var firstStreamIndex: Int { Int(pages.first) }

        @inlinable
        package var firstSlot: Int { Int(pages.second) }

        @inlinable
        package var pageCount: Int { Int(pages.count) }
    }

    /// In the order of the image's data; together they hold all of it.
    package let extents: [Extent]
    /// What is left for the hand-off code: copies, then fills. Where its pages are, by slots.
    package let list: MoveList
    /// Code and page tables, in frames that are no page's destination.
    package let handoff: HandoffBlock

    package let inPlacePageCount: UInt64
    package let stagedPageCount: UInt64
    /// Zero pages that the hand-off has to fill; the others are zero already.
    package let zeroFillPageCount: UInt64

    /// - Parameters:
    ///   - owned: all pinned memory, its frames with their slots, no frame twice. Untouched so far.
    ///   - tables: maps everything that is moved, and the entry.
    ///   - handoffLimit: the hand-off must end at or below this frame.
    /// - Throws: ``PlacementError/tooFewPages(missing:)``,
    ///   ``PlacementError/noRoomForHandoff(pages:limit:)``.
    package init(
        _ destinations: DestinationMap, owned: [IndexedRun], tables: IdentityMap,
        handoffLimit: PageFrame
    ) throws(PlacementError) {
        let block = try Self.room(
            for: HandoffBlock.pageCount(tables, moves: 0), below: handoffLimit, beside: destinations
        )
        let layout = try Layout(
            destinations, owned: owned.sorted { $0.frames.lower < $1.frames.lower },
            avoiding: block)
        extents = layout.extents
        list = MoveList(layout.moves, on: layout.listPages)
        handoff = HandoffBlock(at: block, tables, list: list)
        inPlacePageCount = layout.inPlacePageCount
        stagedPageCount = destinations.dataPageCount - layout.inPlacePageCount
        zeroFillPageCount = layout.zeroFillPageCount
    }

    /// What a plan takes of this process's memory, in bytes: an extent for each piece, of which
    /// there may be half as many again as runs, and a move for most.
    ///
    /// - Parameters:
    ///   - runs: how many there are in the image.
    ///   - owned: how many there are of the pinned memory.
    package static func size(forRuns runs: Int, owned: Int) -> UInt64 {
        UInt64(runs + owned) * 64
    }

    /// The end of the largest run of free frames. Low memory is taken only where all else fails:
    /// firmware has been known to keep things there.
    private static func room(
        for pages: UInt64, below limit: PageFrame, beside destinations: DestinationMap
    ) throws(PlacementError) -> FrameRange {
        let free = destinations.free(below: limit).subtracting(FrameRange(PageFrame(0), count: 1))
        let oneMiB = PageFrame(0x100)
        let above = free.intersection(FrameRange(oneMiB, max(oneMiB, limit)))
        for candidates in [above, free] {
            if let range = candidates.ranges.max(by: { $0.count < $1.count }), range.count >= pages
            {
                return FrameRange(PageFrame(range.upper.rawValue - pages), range.upper)
            }
        }
        throw .noRoomForHandoff(pages: pages, limit: limit)
    }
}
