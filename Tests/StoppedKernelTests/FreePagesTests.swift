// SPDX-License-Identifier: GPL-2.0-or-later

import ELFCore
import PhysicalMemory
import TestSupport
import Testing

@testable import StoppedKernel

@Suite struct FreePagesTests {
    private static let recorded = [
        VMCoreInfo.recordedBy61, VMCoreInfo.recordedBy612, VMCoreInfo.recordedBy73,
    ]

    private static func find(_ kernel: StoppedKernel) throws(FreePageError) -> FreePages {
        let copied = try FreePages(kernel.info, ram: kernel.ram, read: kernel.read)
        // In place, page by page: most blocks are larger than what a page of descriptors tells of.
        let viewed = try FreePages(kernel.info, ram: kernel.ram, read: kernel.read) {
            address, count, body in
            guard let bytes = kernel.read(address, count) else { return false }
            bytes.withUnsafeBytes(body)
            return true
        }
        #expect(viewed == copied)
        return viewed
    }

    @Test(arguments: recorded) func blocksOfAllOrders(text: String) throws {
        let kernel = StoppedKernel(VMCoreInfo(parsing: Array(text.utf8)))
        let none = try Self.find(kernel)
        #expect(none.frames.count == 0 && none.unknown.isEmpty)
        var expected: [FrameRange] = []
        for order in 0..<kernel.orderCount {
            // The last ones are in the second section.
            let frame = PageFrame(1 << order + order << 12)
            kernel.free(frame, order: order, zone: order % 3)
            expected.append(FrameRange(frame, count: 1 << order))
        }
        #expect(kernel.orderCount == 11)
        let free = try Self.find(kernel)
        #expect(FrameSet(free.frames.ranges) == FrameSet(expected))
        #expect(free.frames.count == 2047)
        #expect(free.unknown.isEmpty)
    }

    /// Also where the descriptor is in another page than the block's first one.
    @Test(arguments: recorded) func insideABlockNoDescriptorCounts(text: String) throws {
        let kernel = StoppedKernel(VMCoreInfo(parsing: Array(text.utf8)))
        kernel.free(PageFrame(0x800), order: 8)
        kernel.free(PageFrame(0x846), order: 1, counted: false)
        kernel.free(PageFrame(0x8ff), order: 9, counted: false)
        #expect(try Self.find(kernel).frames.count == 256)
    }

    @Test(arguments: recorded) func fiveLevels(text: String) throws {
        let kernel = StoppedKernel(
            VMCoreInfo(parsing: Array((text + "\nNUMBER(pgtable_l5_enabled)=1\n").utf8)))
        kernel.free(PageFrame(0x9000), order: 3)
        #expect(try Self.find(kernel).frames.count == 8)
    }

    /// Each is needed: without it nothing is taken for free.
    @Test(
        arguments: [
            "SYMBOL(swapper_pg_dir)", "SYMBOL(mem_section)", "LENGTH(mem_section)",
            "SIZE(mem_section)", "OFFSET(mem_section.section_mem_map)",
            "NUMBER(SECTION_SIZE_BITS)", "SIZE(page)", "SIZE(pglist_data)", "SIZE(zone)",
            "SIZE(free_area)", "SIZE(list_head)", "OFFSET(page._mapcount)", "OFFSET(page.private)",
            "OFFSET(pglist_data.node_zones)", "OFFSET(pglist_data.nr_zones)",
            "OFFSET(zone.free_area)", "OFFSET(free_area.free_list)", "LENGTH(zone.free_area)",
            "LENGTH(free_area.free_list)", "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)",
            "NUMBER(phys_base)", "NUMBER(pgtable_l5_enabled)", "NUMBER(sme_mask)",
            "SYMBOL(node_data)", "LENGTH(node_data)",
        ], recorded)
    func nothingIsGuessed(key: String, text: String) {
        let kernel = StoppedKernel(VMCoreInfo(parsing: Array(text.utf8)))
        kernel.free(PageFrame(0x100), order: 0)
        for line in ["", "\(key)=x\n"] {
            let lines = text.split(separator: "\n").filter { !$0.hasPrefix(key) }
            let info = VMCoreInfo(
                parsing: Array((lines.joined(separator: "\n") + "\n" + line).utf8))
            #expect(throws: FreePageError.notTold(key)) {
                try FreePages(info, ram: kernel.ram, read: kernel.read)
            }
        }
    }

    @Test(
        arguments: [
            ("SIZE(page)", "0"), ("SIZE(page)", "4097"), ("OFFSET(page.private)", "57"),
            ("OFFSET(page._mapcount)", "18446744073709551615"), ("SIZE(mem_section)", "0"),
            ("SIZE(mem_section)", "8192"), ("NUMBER(SECTION_SIZE_BITS)", "63"),
            ("NUMBER(SECTION_SIZE_BITS)", "-1"), ("LENGTH(zone.free_area)", "64"),
            ("LENGTH(free_area.free_list)", "65"), ("SIZE(free_area)", "71"),
            ("LENGTH(node_data)", "1000000"), ("OFFSET(zone.free_area)", "99999999"),
        ])
    func impossibleLayouts(key: String, value: String) {
        let text = VMCoreInfo.recordedBy612
        let kernel = StoppedKernel(VMCoreInfo(parsing: Array(text.utf8)))
        let info = VMCoreInfo(parsing: Array((text + "\n\(key)=\(value)\n").utf8))
        #expect(throws: FreePageError.self) {
            try FreePages(info, ram: kernel.ram, read: kernel.read)
        }
    }

    private static var kernel: StoppedKernel {
        StoppedKernel(VMCoreInfo(parsing: Array(VMCoreInfo.recordedBy612.utf8)))
    }

    @Test func encryptedMemory() {
        let text = VMCoreInfo.recordedBy612 + "\nNUMBER(sme_mask)=140737488355328\n"
        let kernel = StoppedKernel(VMCoreInfo(parsing: Array(text.utf8)))
        #expect(throws: FreePageError.encryptedMemory) { try Self.find(kernel) }
    }

    @Test(arguments: [(0x2001, 1), (0x2002, 2), (0x2000, 11), (0x2000, .max), (0xffff, 1)])
    func impossibleBlocks(frame: UInt64, order: UInt64) {
        let kernel = Self.kernel
        kernel.free(PageFrame(frame), order: order, counted: false)
        #expect(throws: FreePageError.impossibleBlock(PageFrame(frame), order: order)) {
            try Self.find(kernel)
        }
    }

    /// RAM may end within what a block claims.
    @Test func blockBeyondMemory() {
        let kernel = Self.kernel
        kernel.free(PageFrame(0x8400), order: 10)
        let ram = kernel.ram.intersection(FrameRange(PageFrame(0), PageFrame(0x8600)))
        #expect(throws: FreePageError.impossibleBlock(PageFrame(0x8400), order: 10)) {
            try FreePages(kernel.info, ram: ram, read: kernel.read)
        }
    }

    @Test func theKernelCountsOtherwise() {
        var kernel = Self.kernel
        kernel.free(PageFrame(0x2000), order: 4, counted: false)
        #expect(throws: FreePageError.otherCount(found: 16, counted: 0)) { try Self.find(kernel) }
        kernel = Self.kernel
        kernel.free(PageFrame(0x2000), order: 4)
        let ram = kernel.ram.subtracting(FrameRange(PageFrame(0x2000), count: 16))
        #expect(throws: FreePageError.otherCount(found: 0, counted: 16)) {
            try FreePages(kernel.info, ram: ram, read: kernel.read)
        }
    }

    /// What cannot be looked at is in use; the rest is known all the same.
    @Test func descriptorsOutOfReach() throws {
        let kernel = Self.kernel
        kernel.free(PageFrame(0x2000), order: 4)
        kernel.free(PageFrame(0x9000), order: 2)
        kernel.loseDescriptor(of: PageFrame(0xa000))
        let free = try Self.find(kernel)
        #expect(Array(free.frames.ranges) == [FrameRange(PageFrame(0x2000), count: 16)])
        #expect(
            free.unknown
                == FrameSet([FrameRange(PageFrame(0x8000), count: StoppedKernel.sectionPages)]))
    }

    @Test(arguments: [0, 0xffff_ea00_0000_0000, 0xffff_ea00_0000_000b])
    func sectionsNotInUse(value: UInt64) throws {
        let kernel = Self.kernel
        kernel.free(PageFrame(0x2000), order: 4)
        kernel.free(PageFrame(0x9000), order: 2, counted: false)
        kernel.setSection(1, value)
        let free = try Self.find(kernel)
        #expect(free.frames.count == 16)
        #expect(free.unknown.isEmpty)
    }
}
