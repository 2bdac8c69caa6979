// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// Recognises the buddy allocator's free blocks by the descriptors of their first pages.
///
/// Source: `set_buddy_order` and `__SetPageBuddy`, mm/page_alloc.c and include/linux/page-flags.h,
/// Linux 6.1 and 6.12: the page type is "buddy", and `private` is the block's order.
struct BuddyBlocks {
    /// In bytes.
    let descriptorSize: UInt64
    private let typeOffset: Int
    private let privateOffset: Int
    private let buddyType: UInt32
    private let orderCount: UInt64

    init(_ info: VMCoreInfo) throws(FreePageError) {
        descriptorSize = try info.required(size: "page", limit: 1024)
        // `page_type` shares its place with `_mapcount`.
        typeOffset = Int(
            try info.required(offset: "page._mapcount", width: 4, within: descriptorSize))
        privateOffset = Int(
            try info.required(offset: "page.private", width: 8, within: descriptorSize))
        buddyType = UInt32(
            truncatingIfNeeded: try info.required(number: "PAGE_BUDDY_MAPCOUNT_VALUE"))
        orderCount = try info.required(length: "zone.free_area", limit: 32)
    }

    /// Goes through the descriptors of all pages of `part`, ascending, as they are given to it.
    struct Search {
        /// Ascending.
        private(set) var free: [FrameRange] = []
        private let blocks: BuddyBlocks
        private let part: FrameRange
        /// Whose descriptor is given next.
        private var next: PageFrame
        /// Whose descriptor is looked at next: those behind the first one of a block say nothing.
        private var frame: PageFrame

        init(_ blocks: BuddyBlocks, _ part: FrameRange) {
            self.blocks = blocks
            self.part = part
            next = part.lower
            frame = part.lower
        }

        /// - Parameter descriptors: whole ones.
        mutating func take(_ descriptors: UnsafeRawBufferPointer) throws(FreePageError) {
            let stride = Int(blocks.descriptorSize)
            precondition(descriptors.count % stride == 0, "whole descriptors")
            let end = next + UInt64(descriptors.count / stride)
            precondition(end <= part.upper, "a descriptor for each page")
            while frame < end {
                let offset = Int(frame.rawValue - next.rawValue) * stride
                let type = descriptors.loadUnaligned(
                    fromByteOffset: offset + blocks.typeOffset, as: UInt32.self)
                if type != blocks.buddyType {
                    frame = frame + 1
                    continue
                }
                let order = descriptors.loadUnaligned(
                    fromByteOffset: offset + blocks.privateOffset, as: UInt64.self)
                guard order < blocks.orderCount else { throw .impossibleBlock(frame, order: order) }
                let count: UInt64 = 1 << order
                guard frame.rawValue & (count - 1) == 0,
                    count <= part.upper.rawValue - frame.rawValue
                else { throw .impossibleBlock(frame, order: order) }
                free.append(FrameRange(frame, count: count))
                frame = frame + count
            }
            next = end
        }
    }
}
