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

    /// For one who follows a chain of pages, and then reads many that may be anywhere.
    package var readExtents: ([DeviceRun]) throws(PlatformError) -> [UInt8] {
        let ring = ReadRing()
        let reader = ChainReader(device, ring)
        return { (extents) throws(PlatformError) in
            if extents.count == 1 {
                let count = Int(extents[0].count) * PageFrame.size
                return try reader.read(at: extents[0].first.offset, count: count)
            }
            let sizes = extents.map { Int($0.count) * PageFrame.size }
            let memory = AlignedBuffer(count: sizes.reduce(0, +))
            var start = 0
            var parts: [BlockDevice.Part] = []
            for (extent, size) in zip(extents, sizes) {
                let bytes = memory.bytes[start..<start + size]
                parts.append(.init([.init(rebasing: bytes)], at: extent.first.offset))
                start += size
            }
            try self.device.read(parts, by: ring)
            return Array(memory.bytes[..<start])
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
