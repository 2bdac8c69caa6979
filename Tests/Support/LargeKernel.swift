// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import StoppedKernel

/// A stopped kernel with a lot of memory, whose page descriptors are made when they are read.
///
/// Every second page is free, in some sections; the other sections are not in use.
package struct LargeKernel: Sendable {
    package let ram: FrameSet
    private let sectionsInUse: UInt64
    /// Of one section, 2 MiB, or of all that are in use.
    private let descriptors: [UInt8]

    private static let sectionPages: UInt64 = 1 << 15
    // Physical addresses, beyond all of its RAM.
    private static let topTable: UInt64 = 0x1000_0000_0000
    private static let node: UInt64 = 0x1000_2000_0000
    private static let roots: UInt64 = 0x1000_3000_0000
    private static let sections: UInt64 = 0x1000_4000_0000
    private static let descriptorStart: UInt64 = 0x1001_0000_0000
    /// All memory is mapped here.
    private static let direct: UInt64 = 0xffff_8000_0000_0000
    private static let pageSize: UInt64 = 64
    private static let buddy = UInt32(bitPattern: -129)

    package static let info = VMCoreInfo(
        parsing: Array(
            """
            SYMBOL(swapper_pg_dir)=\(String(topTable &+ 0xffff_ffff_8000_0000, radix: 16))
            NUMBER(phys_base)=0
            NUMBER(pgtable_l5_enabled)=0
            NUMBER(sme_mask)=0
            SYMBOL(mem_section)=\(String(direct + roots, radix: 16))
            LENGTH(mem_section)=131072
            SIZE(mem_section)=16
            OFFSET(mem_section.section_mem_map)=0
            NUMBER(SECTION_SIZE_BITS)=27
            SIZE(page)=64
            OFFSET(page._mapcount)=48
            OFFSET(page.private)=40
            NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=4294967167
            SYMBOL(contig_page_data)=\(String(direct + node, radix: 16))
            SIZE(pglist_data)=65536
            OFFSET(pglist_data.node_zones)=0
            OFFSET(pglist_data.nr_zones)=60000
            SIZE(zone)=1536
            OFFSET(zone.free_area)=192
            SIZE(free_area)=88
            OFFSET(free_area.free_list)=0
            LENGTH(zone.free_area)=11
            LENGTH(free_area.free_list)=5
            SIZE(list_head)=16

            """.utf8))

    /// - Parameters:
    ///   - used: how much of it is in sections that are in use.
    ///   - isWhole: whether each of these has descriptors of its own, as in a real one: a 64th of it.
    package init(gibibytes: UInt64, used: UInt64, isWhole: Bool = false) {
        ram = FrameSet([FrameRange(PageFrame(0), count: gibibytes << 18)])
        sectionsInUse = used << 3
        var page = [UInt8](repeating: 0, count: 2 * Int(Self.pageSize))
        page.store(Self.buddy, at: 48)
        page.store(UInt32.max, at: 64 + 48)
        var descriptors: [UInt8] = []
        let count = (isWhole ? sectionsInUse : 1) * Self.sectionPages / 2
        descriptors.reserveCapacity(Int(count) * page.count)
        for _ in 0..<count { descriptors += page }
        self.descriptors = descriptors
    }

    package var freePages: UInt64 { sectionsInUse * Self.sectionPages / 2 }

    private func offset(of place: UInt64) -> Int {
        Int(place - Self.descriptorStart) % descriptors.count
    }

    /// Page descriptors, in place.
    package func view(
        _ address: PhysicalAddress, _ count: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        guard address.rawValue >= Self.descriptorStart else { return false }
        let offset = offset(of: address.rawValue)
        descriptors.withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
        }
        return true
    }

    package func read(_ address: PhysicalAddress, _ count: Int) -> [UInt8]? {
        let place = address.rawValue
        if place >= Self.descriptorStart {
            let offset = offset(of: place)
            return Array(descriptors[offset..<offset + count])
        }
        var page = [UInt8](repeating: 0, count: count)
        let word: UInt64
        switch place & ~0xfff {
        case Self.topTable:
            // All of the upper half leads to one table of 512 GiB, which maps what there is: at the
            // entry n there is the physical address n GiB above the first one.
            for entry in 256..<512 {
                page.store(Self.topTable + 4096 * UInt64(entry) | 0x63, at: 8 * entry)
            }
            return page
        case Self.topTable..<Self.topTable + 4096 * 512:
            let entry = (place - Self.topTable) / 4096 - 256
            for gibibyte in 0..<512 as Range<UInt64> {
                page.store(entry << 39 | gibibyte << 30 | 0xe3, at: 8 * Int(gibibyte))
            }
            return page
        case Self.roots..<Self.sections:
            // 256 sections each.
            let root = (place - Self.roots) / 8
            word = Self.direct + Self.sections + root * 4096
        case Self.sections..<Self.descriptorStart:
            let section = (place - Self.sections) / 16
            word = section < sectionsInUse ? Self.direct + Self.descriptorStart | 0xf : 0
        default:
            switch place - Self.node {
            case 60000: word = 1
            // The zone's blocks of one page.
            case 192 + 80: word = freePages
            default: word = 0
            }
        }
        withUnsafeBytes(of: word.littleEndian) { page.store($0.prefix(count), at: 0) }
        return page
    }
}
