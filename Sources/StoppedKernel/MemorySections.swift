// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// Where the page descriptors (`struct page`) are: the sparse memory model's sections.
///
/// Source: `__nr_to_section` and `__section_mem_map_addr`, include/linux/mmzone.h, Linux 6.1 and
/// 6.12, with SPARSEMEM_EXTREME, which x86-64 always has.
struct MemorySections {
    private let memory: KernelMemory
    /// The array of pointers to arrays of sections.
    private let roots: UInt64
    private let rootCount: UInt64
    private let sectionsPerRoot: UInt64
    private let sectionSize: UInt64
    private let mapOffset: UInt64
    private let descriptorSize: UInt64
    private let pagesPerSection: UInt64

    private enum Flag {
        /// `SECTION_HAS_MEM_MAP` and `SECTION_IS_ONLINE`.
        static let usable: UInt64 = 1 << 1 | 1 << 2
        /// Below the address are flags only: a section's descriptors begin on a page boundary.
        static let all: UInt64 = 0xfff
    }

    init(_ info: VMCoreInfo, _ memory: KernelMemory) throws(FreePageError) {
        self.memory = memory
        roots = try info.required(symbol: "mem_section")
        rootCount = try info.required(length: "mem_section", limit: 1 << 24)
        sectionSize = try info.required(size: "mem_section", limit: 4096)
        sectionsPerRoot = UInt64(PageFrame.size) / sectionSize
        mapOffset = try info.required(
            offset: "mem_section.section_mem_map", width: 8, within: sectionSize)
        descriptorSize = try info.required(size: "page", limit: 1024)
        let bits = try info.required(number: "SECTION_SIZE_BITS")
        guard (22...36).contains(bits) else { throw .notTold("NUMBER(SECTION_SIZE_BITS)") }
        pagesPerSection = 1 << UInt64(bits - 12)
    }

    /// `ram` cut at the sections' bounds.
    func parts(of ram: FrameSet) -> [FrameRange] {
        ram.ranges.flatMap { range in
            let first = range.lower.rawValue / pagesPerSection
            let last = (range.upper.rawValue - 1) / pagesPerSection
            return (first...last).map { section in
                let lower = PageFrame(section * pagesPerSection)
                return FrameRange(
                    max(lower, range.lower), min(lower + pagesPerSection, range.upper))
            }
        }
    }

    /// The virtual address of the descriptor of the first page of `part`, behind which the others
    /// follow; nil where the kernel does not use this memory.
    func descriptors(of part: FrameRange) throws(FreePageError) -> UInt64? {
        let section = part.lower.rawValue / pagesPerSection
        guard section / sectionsPerRoot < rootCount else { return nil }
        let root = try memory.word(at: roots &+ 8 * (section / sectionsPerRoot))
        if root == 0 { return nil }
        let entry = root &+ sectionSize * (section % sectionsPerRoot) &+ mapOffset
        let coded = try memory.word(at: entry)
        guard coded & Flag.usable == Flag.usable else { return nil }
        // What is stored is where the descriptor of page 0 would be.
        return coded & ~Flag.all &+ part.lower.rawValue * descriptorSize
    }
}
