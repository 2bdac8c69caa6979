// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import LinuxBoot
import PhysicalMemory

/// Where in A's memory the saver kernel lives.
package enum SaverRegion {
    /// In bytes. kexec_load's search for free pages grows with the square of the size.
    package static let leastSize: UInt64 = 96 << 20

    /// What loading a saver kernel into a region of `size` bytes takes, in bytes: kexec_load sets
    /// aside as much as it is to swap.
    package static func memoryNeeded(forSize size: UInt64) -> UInt64 {
        let (sum, overflow) = size.addingReportingOverflow(size / 4)
        return overflow ? .max : sum
    }

    /// The end of what a region may take: the restore hand-off lies in it, and changes the depth
    /// of paging through 32-bit mode.
    static let ceiling = PageFrame(1 << 20)

    /// The highest region of `size` bytes that is RAM to the firmware and to A, free of A's kernel and its
    /// crash kernel, below 4 GiB, aligned as `kernel` wants it. Nil where there is none.
    ///
    /// A kernel that has just booted gives out its lowest free pages first: those that kexec_load is given are
    /// not to lie in the region, or it takes twenty times as long.
    ///
    /// - Parameters:
    ///   - resources: A's /proc/iomem, read with CAP_SYS_ADMIN.
    ///   - avoided: other frames that A cannot spare.
    package static func choose(
        size: UInt64, for kernel: BzImage, firmwareMap: MemoryMap,
        resources: [IOMemoryResource], avoiding avoided: FrameSet = FrameSet()
    ) -> FrameRange? {
        let pages = size.units(of: UInt64(PageFrame.size))
        guard pages > 0, pages < ceiling.rawValue else { return nil }
        let unit = kernel.alignment / UInt64(PageFrame.size)
        let floor = max(kernel.preferredAddress.frame, PageFrame(1 << 8))
        guard floor < ceiling else { return nil }
        let imageKernel = frames(of: resources) { $0.hasPrefix("Kernel ") }
        let crashKernel = frames(of: resources) { $0.hasPrefix("Crash kernel") }
        let usable = ram(firmwareMap, resources)
            .intersection(FrameRange(floor, ceiling))
            .subtracting(imageKernel.union(crashKernel).union(avoided))

        return usable.ranges.reversed().lazy.compactMap { range -> FrameRange? in
            let lowest = (range.lower.rawValue + unit - 1) / unit * unit
            guard lowest <= range.upper.rawValue, range.upper.rawValue - lowest >= pages else {
                return nil
            }
            let highest = (range.upper.rawValue - pages) / unit * unit
            return FrameRange(PageFrame(highest), count: pages)
        }.first
    }

    /// The low memory that the saver kernel needs to start its other CPUs: the largest run of RAM
    /// below 640 KiB without the first page. Nil where it is under 64 KiB.
    package static func lowMemory(
        firmwareMap: MemoryMap, resources: [IOMemoryResource]
    ) -> FrameRange? {
        let runs = ram(firmwareMap, resources).intersection(
            FrameRange(PageFrame(1), PageFrame(0xa0)))
        let largest = runs.ranges.max { $0.count < $1.count }
        return largest.flatMap { $0.count >= 16 ? $0 : nil }
    }

    /// What is RAM to the firmware and to A.
    private static func ram(_ map: MemoryMap, _ resources: [IOMemoryResource]) -> FrameSet {
        let systemRAM = resources.filter { $0.depth == 0 && $0.name == "System RAM" }
        return map.ram.intersection(FrameSet(systemRAM.map(\.range.wholeFrames)))
    }

    /// Every frame of which a resource of such a name has a byte.
    private static func frames(
        of resources: [IOMemoryResource], named isNamed: (String) -> Bool
    ) -> FrameSet {
        FrameSet(
            resources.filter { isNamed($0.name) && !$0.range.isEmpty }.map {
                let last = PhysicalAddress($0.range.end.rawValue - 1).frame
                return FrameRange($0.range.start.frame, last + 1)
            })
    }
}
