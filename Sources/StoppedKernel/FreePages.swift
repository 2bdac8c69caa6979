// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// Which pages a kernel's page allocator had free when it stopped: those of the buddy allocator,
/// found by their page descriptors. What it had set aside for one CPU is not among them.
///
/// Nothing here is taken on trust. Wherever a value cannot be, there is no result, and the sum
/// must be what the allocator itself has counted.
package struct FreePages: Hashable, Sendable {
    package let frames: FrameBits
    /// Memory whose page descriptors could not be read; it counts as in use.
    package let unknown: FrameSet

    /// - Parameters:
    ///   - info: the stopped kernel's own.
    ///   - ram: all RAM.
    ///   - isStopped: whether the sum must be right; a kernel that runs changes it meanwhile.
    ///   - read: gives bytes of physical memory as the stopped kernel left it, or nil where they
    ///     cannot be had.
    ///   - view: the same, in place; there is a descriptor of 64 bytes for each page.
    package init(
        _ info: VMCoreInfo, ram: FrameSet, isStopped: Bool = true,
        read: @escaping (_ address: PhysicalAddress, _ count: Int) -> [UInt8]?,
        view: PhysicalView? = nil
    ) throws(FreePageError) {
        let memory = try KernelMemory(info, read: read, view: view)
        let sections = try MemorySections(info, memory)
        let blocks = try BuddyBlocks(info)
        // What a set of ranges takes depends on how scattered they are.
        var free = FrameBits(within: ram.ranges)
        var unknown: [FrameRange] = []
        for part in sections.parts(of: ram) {
            var search = BuddyBlocks.Search(blocks, part)
            do {
                guard let address = try sections.descriptors(of: part) else { continue }
                try memory.forEachPiece(
                    at: address, count: Int(part.count * blocks.descriptorSize),
                    unit: Int(blocks.descriptorSize)
                ) { (piece) throws(FreePageError) in try search.take(piece) }
            } catch {
                guard case .unreadable = error else { throw error }
                unknown.append(part)
                continue
            }
            for range in search.free { free.insert(range) }
        }
        frames = free
        self.unknown = FrameSet(unknown)
        if !isStopped { return }

        let counted = try Zones(info, memory).freePages()
        let found = frames.count
        if found > counted || unknown.isEmpty && found < counted {
            throw .otherCount(found: found, counted: counted)
        }
    }
}

extension FreePages {
    /// The frames that must be readable for ``init(_:ram:read:)`` to know all. For a running
    /// kernel, which must not let them be overwritten.
    package static func footprint(
        _ info: VMCoreInfo, ram: FrameSet,
        read: @escaping (_ address: PhysicalAddress, _ count: Int) -> [UInt8]?
    ) throws(FreePageError) -> FrameSet {
        let memory = try KernelMemory(info, notingTouched: true, read: read)
        let sections = try MemorySections(info, memory)
        let size = try BuddyBlocks(info).descriptorSize
        for part in sections.parts(of: ram) {
            guard let address = try sections.descriptors(of: part) else { continue }
            try memory.touch(address, count: Int(part.count * size))
        }
        _ = try Zones(info, memory).freePages()
        return FrameSet(memory.touched)
    }
}
