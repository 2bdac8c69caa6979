// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import LinuxBoot
import PhysicalMemory

/// How the region is cut. Kernel, initrd and tables follow each other without a gap.
struct SaverLayout {
    /// Reaches up to the initrd: what the kernel does not need for itself is its free memory.
    var kernel: FrameRange
    /// In front of the initrd, and part of it; empty where there is no guard.
    var guardArchive: FrameRange
    var initrd: FrameRange
    var tables: FrameRange
    /// Part of the kernel's free memory: where it is to put aside its crash kernel. Empty where
    /// there is no guard.
    var crashMemory: FrameRange

    /// What is left to the kernel above its crash kernel, in pages: it takes its first page tables
    /// and page descriptors from there before it sets that one's memory aside.
    private static let earlyPages: UInt64 = (8 << 20) / UInt64(PageFrame.size)

    init(_ input: SaverPlan.Input, tablePages: UInt64) throws(BootProtocolError) {
        let region = input.region
        let available = region.count * UInt64(PageFrame.size)
        // No file that fits the region is larger than it.
        let unit = UInt64(PageFrame.size)
        let kernelPages = max(input.kernel.initSize, input.kernel.loadedSize).units(of: unit)
        let initrdPages = input.initrdSize.units(of: unit)
        guard initrdPages < PageFrame.limit.rawValue,
            kernelPages < PageFrame.limit.rawValue, tablePages < PageFrame.limit.rawValue
        else { throw .doesNotFit(needed: .max, available: available) }
        let archivePages = input.panicGuard?.archivePages ?? 0
        var needed = kernelPages + archivePages + initrdPages + tablePages
        var crashStart = region.lower + kernelPages
        let crashPages = input.panicGuard?.memoryPages ?? 0
        if crashPages > 0 {
            let unit = PanicGuard.alignment
            crashStart = PageFrame(crashStart.rawValue.roundedUp(to: unit))
            needed += crashStart.rawValue - (region.lower.rawValue + kernelPages)
            needed += crashPages + Self.earlyPages
        }
        guard needed <= region.count else {
            throw .doesNotFit(needed: needed * UInt64(PageFrame.size), available: available)
        }
        let tablesStart = PageFrame(region.upper.rawValue - tablePages)
        let initrdStart = PageFrame(tablesStart.rawValue - initrdPages)
        let archiveStart = PageFrame(initrdStart.rawValue - archivePages)
        kernel = FrameRange(region.lower, archiveStart)
        guardArchive = FrameRange(archiveStart, initrdStart)
        crashMemory = FrameRange(crashStart, count: crashPages)
        initrd = FrameRange(initrdStart, tablesStart)
        tables = FrameRange(tablesStart, region.upper)
    }
}
