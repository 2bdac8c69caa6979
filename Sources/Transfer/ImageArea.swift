// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SwapArea
import SystemPackage

/// The part of a device that holds an image, or is to hold one.
package final class ImageArea: Sendable {
    package let device: BlockDevice
    /// Where it begins on the device, in bytes; a multiple of 4096.
    package let offset: UInt64
    /// In bytes; a multiple of 4096.
    package let size: UInt64

    /// Reaches to the device's end, or to the swap area's where page 0 has the header of one.
    ///
    /// Goes past the page cache where it can: an image is larger than what a restore kernel has
    /// to spare, and three kernels read what another one wrote.
    package init(
        open path: FilePath, offset: UInt64, _ access: BlockDevice.Access,
        on machine: some DeviceAccess
    ) throws {
        device = try machine.openDirectly(path, access)
        self.offset = offset
        let pageSize = UInt64(PageFrame.size)
        guard offset % pageSize == 0, offset < device.size, device.size - offset >= pageSize else {
            size = 0
            return
        }
        let room = (device.size - offset) / pageSize * pageSize
        let page = try SignaturePage(
            device.readBytes(at: offset, count: PageFrame.size))
        size = min(room, page.swapAreaPages.map { $0 * pageSize } ?? room)
    }

    /// `count` bytes at an offset in the area: the shape in which the image format asks.
    package var readAt: (UInt64, Int) throws(PlatformError) -> [UInt8] {
        { (position, count) throws(PlatformError) in
            let (start, overflow) = self.offset.addingReportingOverflow(position)
            if overflow {
                throw .beyondEnd(
                    path: self.device.path, offset: position, count: count, size: self.size)
            }
            return try self.device.readBytes(at: start, count: count)
        }
    }

    package func signaturePage() throws -> SignaturePage {
        try SignaturePage(readAt(0, PageFrame.size))
    }

    package func write(_ write: ImageWrite) throws {
        let buffer = AlignedBuffer(count: write.bytes.count)
        buffer.bytes.copyBytes(from: write.bytes)
        try device.write(
            from: UnsafeRawBufferPointer(rebasing: buffer.bytes[..<write.bytes.count]),
            at: offset + write.offset)
    }

    /// Writes, and waits until all of it is on the medium.
    package func commit(_ writes: [ImageWrite]) throws {
        for write in writes { try self.write(write) }
        try device.flush()
    }

    /// Leaves nothing that passes for an image. Two things make one, and each is taken away even
    /// if the other cannot be; throws where neither could.
    package func invalidate(_ prepared: PreparedImage) throws {
        let steps = [
            StateRecord(id: prepared.header.id, state: .consumed).write,
            prepared.signaturePage.write,
        ]
        var failure: (any Error)?
        var done = 0
        for step in steps {
            do {
                try commit([step])
                done += 1
            } catch { failure = error }
        }
        if done == 0, let failure { throw failure }
    }
}
