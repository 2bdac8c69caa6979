// SPDX-License-Identifier: GPL-2.0-or-later

import Checksum
import LinuxPlatform
import PhysicalMemory
import SaverPlan

extension DeviceMark {
    /// What `device` looks like with an image area that begins at `offset`, in bytes.
    package init(of device: BlockDevice, offset: UInt64) throws(PlatformError) {
        let page = try device.readBytes(at: offset, count: PageFrame.size)
        self.init(size: device.size, checksum: XXH64.hash(page))
    }
}
