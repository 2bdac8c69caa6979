// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

@testable import StoppedKernel

/// The memory of a kernel that never was: page tables, sections, page descriptors and zones, laid
/// out as a VMCOREINFO says.
final class StoppedKernel {
    let info: VMCoreInfo
    /// Two sections.
    let ram = FrameSet([FrameRange(PageFrame(1), count: 2 * sectionPages - 1)])
    private var pages: [PageFrame: [UInt8]] = [:]
    private let root: PageFrame
    private let depth: Int
    private var nextFrame = PageFrame(0x10_0000)

    static let sectionPages: UInt64 = 1 << 15
    private static let vmemmap: UInt64 = 0xffff_ea00_0000_0000
    private static let sectionRoot: UInt64 = 0xffff_8880_0100_0000

    /// Nothing is free.
    init(_ info: VMCoreInfo) {
        self.info = info
        let base = UInt64(bitPattern: info.number("phys_base") ?? 0)
        let table = (info.symbol("swapper_pg_dir") ?? 0) &- 0xffff_ffff_8000_0000 &+ base
        root = PhysicalAddress(table).frame
        depth = info.number("pgtable_l5_enabled") == 1 ? 5 : 4
        pages[root] = [UInt8](repeating: 0, count: PageFrame.size)

        poke(info.symbol("mem_section") ?? 0, Self.sectionRoot)
        for section in 0..<UInt64(2) {
            // Its four flags are as in a running kernel.
            poke(
                Self.sectionRoot + section * size("mem_section")
                    + offset("mem_section.section_mem_map"), Self.vmemmap | 0xf)
        }
        var descriptors = [UInt8](repeating: 0, count: PageFrame.size)
        for start in stride(from: 0, to: PageFrame.size, by: Int(size("page"))) {
            let type = start + Int(offset("page._mapcount"))
            descriptors.replaceSubrange(type..<type + 4, with: [0xff, 0xff, 0xff, 0xff])
        }
        let end = descriptor(PageFrame(2 * Self.sectionPages))
        for address in stride(from: Self.vmemmap, to: end, by: PageFrame.size) {
            pages[page(address)] = descriptors
        }
        poke(info.symbol("node_data") ?? 0, node)
        poke(node + offset("pglist_data.nr_zones"), UInt32(3))
        for zone in 0..<UInt64(3) {
            for order in 0..<orderCount { poke(counter(zone, order), UInt64(0)) }
        }
        // The array of nodes ends with its page; the other nodes are not there.
        for index in 1..<(info.length("node_data") ?? 1) {
            poke((info.symbol("node_data") ?? 0) + 8 * index, UInt64(0))
        }
    }

    var orderCount: UInt64 { info.length("zone.free_area") ?? 0 }

    /// Makes a free block of 2^order pages, in the zone's count too.
    func free(_ frame: PageFrame, order: UInt64, zone: UInt64 = 1, counted: Bool = true) {
        setType(
            UInt32(truncatingIfNeeded: info.number("PAGE_BUDDY_MAPCOUNT_VALUE") ?? 0), of: frame)
        poke(descriptor(frame) + offset("page.private"), order)
        if counted { poke(counter(zone, order), word(counter(zone, order)) + 1) }
    }

    /// What `section_mem_map` of a section holds.
    func setSection(_ section: UInt64, _ value: UInt64) {
        poke(
            Self.sectionRoot + section * size("mem_section")
                + offset("mem_section.section_mem_map"), value)
    }

    /// As if the page that holds the descriptor of `frame` were elsewhere's.
    func loseDescriptor(of frame: PageFrame) { pages[page(descriptor(frame))] = nil }

    func read(_ address: PhysicalAddress, _ count: Int) -> [UInt8]? {
        var result: [UInt8] = []
        while result.count < count {
            let next = address.rawValue + UInt64(result.count)
            guard let page = pages[PageFrame(next >> 12)] else { return nil }
            result += page[Int(next & 4095)...].prefix(count - result.count)
        }
        return result
    }

    /// Where the counter of a zone's free blocks of 2^order pages is.
    func counterPlace(zone: UInt64, order: UInt64) -> (frame: PageFrame, offset: Int) {
        let address = counter(zone, order)
        return (page(address), Int(address & 4095))
    }

    private var node: UInt64 {
        info.symbol("contig_page_data") ?? 0xffff_8880_0200_0000
    }

    private func counter(_ zone: UInt64, _ order: UInt64) -> UInt64 {
        node + offset("pglist_data.node_zones") + zone * size("zone") + offset("zone.free_area")
            + order * size("free_area") + size("free_area") - 8
    }

    private func setType(_ type: UInt32, of frame: PageFrame) {
        poke(descriptor(frame) + offset("page._mapcount"), type)
    }

    private func descriptor(_ frame: PageFrame) -> UInt64 {
        Self.vmemmap + frame.rawValue * size("page")
    }

    private func size(_ type: String) -> UInt64 { info.size(type) ?? 0 }
    private func offset(_ member: String) -> UInt64 { info.offset(member) ?? 0 }

    private func word(_ address: UInt64) -> UInt64 {
        pages[page(address)]?.integer(at: Int(address & 4095)) ?? 0
    }

    /// Writes to virtual memory; it is mapped where it was not yet.
    private func poke<T: FixedWidthInteger>(_ address: UInt64, _ value: T) {
        let frame = page(address)
        withUnsafeBytes(of: value.littleEndian) {
            pages[frame]?.replaceSubrange(
                Int(address & 4095)..<Int(address & 4095) + $0.count, with: $0)
        }
    }

    /// The frame behind a virtual address. No two that follow each other are neighbours.
    private func page(_ address: UInt64) -> PageFrame {
        var table = root
        for level in stride(from: depth, to: 0, by: -1) {
            let place = 8 * Int(address >> (3 + 9 * UInt64(level)) & 511)
            let entry: UInt64 = pages[table]?.integer(at: place) ?? 0
            if entry != 0 {
                table = PageFrame(entry >> 12 & 0xff_ffff_ffff)
                continue
            }
            nextFrame = nextFrame + 3
            pages[nextFrame] = [UInt8](repeating: 0, count: PageFrame.size)
            // Data is never executed.
            let new = nextFrame.rawValue << 12 | 0x63 | 1 << 63
            withUnsafeBytes(of: new.littleEndian) {
                pages[table]?.replaceSubrange(place..<place + 8, with: $0)
            }
            table = nextFrame
        }
        return table
    }
}
