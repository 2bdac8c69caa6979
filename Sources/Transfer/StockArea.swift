// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import SwapArea
import SwsuspImage
import SystemPackage

/// The device with an image of the kernel's own hibernation on it. The image's pages can lie
/// anywhere on it, also those of a swap file: their numbers count from its beginning.
package final class StockArea: Sendable {
    package let device: BlockDevice
    private let headerPage: DevicePage

    /// - Parameter offset: of the header page, in bytes; a multiple of 4096.
    package convenience init(
        open path: FilePath, offset: UInt64, _ access: BlockDevice.Access,
        on machine: some DeviceAccess
    ) throws {
        self.init(on: try machine.openDirectly(path, access), offset: offset)
    }

    package init(on device: BlockDevice, offset: UInt64) {
        self.device = device
        headerPage = DevicePage(offset / UInt64(PageFrame.size))
    }

    package var readAt: (UInt64, Int) throws(PlatformError) -> [UInt8] {
        { (offset, count) throws(PlatformError) in
            try self.device.readBytes(at: offset, count: count)
        }
    }

    /// The same for one who follows a chain of pages.
    package var readChain: (UInt64, Int) throws(PlatformError) -> [UInt8] {
        let reader = ChainReader(device)
        return { (offset, count) throws(PlatformError) in
            try reader.read(at: offset, count: count)
        }
    }

    /// Nil where there is no such image.
    package func front() throws -> SwsuspFront? {
        try SwsuspFront.read(
            headerPage: headerPage, devicePages: device.size / UInt64(PageFrame.size),
            readAt: readAt)
    }

    /// Writes the header page, and waits until it is on the medium.
    package func write(_ page: SignaturePage) throws {
        let buffer = AlignedBuffer(count: page.bytes.count)
        buffer.bytes.copyBytes(from: page.bytes)
        try device.write(from: UnsafeRawBufferPointer(buffer.bytes), at: headerPage.offset)
        try device.flush()
    }
}
