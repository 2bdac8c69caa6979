// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import LinuxBoot
import PhysicalMemory

/// How the region is cut. Kernel, initrd and tables follow each other without a gap.
struct SaverLayout {
    /// Reaches up to the initrd: what the kernel does not need for itself is its free memory.
    var kernel: FrameRange
    var initrd: FrameRange
    var tables: FrameRange

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
        let needed = kernelPages + initrdPages + tablePages
        guard needed <= region.count else {
            throw .doesNotFit(needed: needed * UInt64(PageFrame.size), available: available)
        }
        let tablesStart = PageFrame(region.upper.rawValue - tablePages)
        let initrdStart = PageFrame(tablesStart.rawValue - initrdPages)
        kernel = FrameRange(region.lower, initrdStart)
        initrd = FrameRange(initrdStart, tablesStart)
        tables = FrameRange(tablesStart, region.upper)
    }
}
