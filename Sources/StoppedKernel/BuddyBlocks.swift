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

    /// Calls `body` with each free block among the pages of `part`, ascending.
    ///
    /// - Parameter descriptors: of all pages of `part`.
    func find(
        in descriptors: [UInt8], of part: FrameRange, _ body: (FrameRange) -> Void
    ) throws(FreePageError) {
        let stride = Int(descriptorSize)
        precondition(descriptors.count == Int(part.count) * stride, "a descriptor for each page")
        let impossible = descriptors.withUnsafeBytes { bytes -> (PageFrame, UInt64)? in
            var frame = part.lower
            var offset = 0
            while frame < part.upper {
                let type = bytes.loadUnaligned(
                    fromByteOffset: offset + typeOffset, as: UInt32.self)
                if type != buddyType {
                    frame = frame + 1
                    offset += stride
                    continue
                }
                let order = bytes.loadUnaligned(
                    fromByteOffset: offset + privateOffset, as: UInt64.self)
                guard order < orderCount else { return (frame, order) }
                let count: UInt64 = 1 << order
                guard frame.rawValue & (count - 1) == 0,
                    count <= part.upper.rawValue - frame.rawValue
                else { return (frame, order) }
                body(FrameRange(frame, count: count))
                frame = frame + count
                offset += Int(count) * stride
            }
            return nil
        }
        if let (frame, order) = impossible { throw .impossibleBlock(frame, order: order) }
    }
}
