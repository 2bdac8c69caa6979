// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Foundation
import PhysicalMemory
import StoppedKernel
import TestSupport

/// The search for free pages among the page descriptors of a large machine, as a saver kernel does it: they
/// are looked at where they lie. Blocks of one page are free here and there, which is the worst: behind each
/// one the next descriptor is looked at, too.
struct Walk {
    let gibibytes: UInt64

    private static let descriptorSize: UInt64 = 64
    private static let sectionPages: UInt64 = 1 << 15
    private static let buddyType = UInt32(bitPattern: -129)
    private static let vmemmap: UInt64 = 0xffff_ea00_0000_0000
    private static let sections: UInt64 = 0xffff_8880_0000_0000
    private static let node: UInt64 = 0xffff_8880_4000_0000
    private static let root = PageFrame(1)
    /// Where the descriptors are, in bytes.
    private static let home: UInt64 = 1 << 45

    /// - Returns: seconds, on the clock, and how many pages were free.
    func measure() throws -> (seconds: Double, free: UInt64) {
        let pages = gibibytes << 18
        let size = Int(pages * Self.descriptorSize)
        let descriptors = UnsafeMutableRawBufferPointer.allocate(
            byteCount: size, alignment: 1 << 21)
        defer { descriptors.deallocate() }
        var random = SplitMix(state: gibibytes)
        var free: UInt64 = 0
        for page in 0..<Int(pages) {
            let isFree = random.next() & 7 == 0
            if isFree { free += 1 }
            let start = page * Int(Self.descriptorSize)
            descriptors.storeBytes(of: 0, toByteOffset: start + 40, as: UInt64.self)
            descriptors.storeBytes(
                of: isFree ? Self.buddyType : .max, toByteOffset: start + 48, as: UInt32.self)
        }
        let tables = tables(pages: pages, free: free)
        let memory = UnsafeRawBufferPointer(descriptors)
        nonisolated(unsafe) let place = memory
        let begin = ContinuousClock.now
        let found = try FreePages(
            VMCoreInfo(parsing: Array(Self.layout.utf8)),
            ram: FrameSet([FrameRange(PageFrame(0), count: pages)]),
            read: { address, count in
                let page = tables[address.frame]
                return page.map { Array($0[Int(address.rawValue & 4095)...].prefix(count)) }
            },
            view: { address, count, body in
                guard address.rawValue >= Self.home else { return false }
                let start = Int(address.rawValue - Self.home)
                body(UnsafeRawBufferPointer(rebasing: place[start..<start + count]))
                return true
            })
        let seconds = begin.duration(to: .now) / .seconds(1)
        precondition(found.frames.count == free, "all that is free is found")
        return (seconds, free)
    }

    /// What the kernel says of itself.
    private static let layout = """
        SYMBOL(swapper_pg_dir)=ffffffff80001000
        SYMBOL(mem_section)=ffff888000000000
        LENGTH(mem_section)=512
        SIZE(mem_section)=16
        OFFSET(mem_section.section_mem_map)=0
        NUMBER(SECTION_SIZE_BITS)=27
        SIZE(page)=64
        OFFSET(page._mapcount)=48
        OFFSET(page.private)=40
        SIZE(pglist_data)=4096
        OFFSET(pglist_data.node_zones)=0
        OFFSET(pglist_data.nr_zones)=4000
        SIZE(zone)=1536
        SIZE(free_area)=88
        SIZE(list_head)=16
        OFFSET(zone.free_area)=0
        OFFSET(free_area.free_list)=0
        LENGTH(zone.free_area)=11
        LENGTH(free_area.free_list)=5
        NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129
        NUMBER(phys_base)=0
        NUMBER(pgtable_l5_enabled)=0
        SYMBOL(contig_page_data)=ffff888040000000
        NUMBER(sme_mask)=0
        """

    /// Page tables, and what they map beside the descriptors.
    private func tables(pages: UInt64, free: UInt64) -> [PageFrame: [UInt8]] {
        var memory = FakeTables(root: Self.root)
        let sectionCount = pages / Self.sectionPages
        for first in stride(from: UInt64(0), to: sectionCount, by: 256) {
            let list = Self.sections + 4096 * (1 + first / 256)
            memory.poke(Self.sections + 8 * (first / 256), list)
            for section in first..<min(first + 256, sectionCount) {
                // Online, and with descriptors.
                memory.poke(list + 16 * (section - first), Self.vmemmap | 0xf)
            }
        }
        memory.poke(Self.node + 4000, 1)
        memory.poke(Self.node + 80, free)
        for offset in stride(from: 0, to: pages * Self.descriptorSize, by: 1 << 21) {
            memory.mapLarge(Self.vmemmap + offset, to: Self.home + offset)
        }
        return memory.pages
    }
}

/// Four levels of page tables, made as they are needed.
private struct FakeTables {
    let root: PageFrame
    var pages: [PageFrame: [UInt8]]
    private var next: PageFrame

    init(root: PageFrame) {
        self.root = root
        pages = [root: [UInt8](repeating: 0, count: PageFrame.size)]
        next = root + 1
    }

    mutating func poke(_ address: UInt64, _ value: UInt64) {
        var table = root
        for level in [3, 2, 1, 0] { table = entry(address, level, in: table) }
        store(value, at: Int(address & 4095), in: table)
    }

    /// 2 MiB.
    mutating func mapLarge(_ address: UInt64, to physical: UInt64) {
        var table = root
        for level in [3, 2] { table = entry(address, level, in: table) }
        store(physical | 0xe3, at: Self.place(address, 1), in: table)
    }

    private mutating func entry(_ address: UInt64, _ level: Int, in table: PageFrame) -> PageFrame {
        let place = Self.place(address, level)
        let known: UInt64 = pages[table]?.integer(at: place) ?? 0
        if known != 0 { return PageFrame(known >> 12 & 0xff_ffff_ffff) }
        let new = next
        next = next + 1
        pages[new] = [UInt8](repeating: 0, count: PageFrame.size)
        store(new.rawValue << 12 | 0x63, at: place, in: table)
        return new
    }

    private mutating func store(_ value: UInt64, at place: Int, in frame: PageFrame) {
        withUnsafeBytes(of: value.littleEndian) {
            pages[frame]?.replaceSubrange(place..<place + 8, with: $0)
        }
    }

    private static func place(_ address: UInt64, _ level: Int) -> Int {
        8 * Int(address >> UInt64(12 + 9 * level) & 511)
    }
}
