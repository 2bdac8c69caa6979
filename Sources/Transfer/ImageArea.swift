// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SwapArea
import SystemPackage

/// The part of a device that holds an image, or is to hold one. Its bytes may be in several places: see
/// ``AreaLayout``.
package final class ImageArea: Sendable {
    package let device: BlockDevice
    /// Where it begins on the device, in bytes; a multiple of 4096.
    package let offset: UInt64
    /// In bytes; a multiple of 4096.
    package let size: UInt64
    /// Nil where its bytes follow one another on the device.
    package let layout: AreaLayout?
    /// Why its bytes cannot be found, but for its first pages: an image there may say where they are, and is
    /// damaged, or cannot be read.
    package let layoutError: ImageReadError<PlatformError>?
    /// By the signature that was there when it was opened.
    package let kind: SignaturePage.Kind
    private let heldDevice: BlockDevice?

    /// What is in an area, for one who opens it.
    package enum Contents: Sendable {
        /// An image, if the signature says so.
        case image
        /// One that is prepared, which has no signature yet.
        case prepared
        /// Nothing that counts.
        case nothing
    }

    /// Where an image says where its area is, it is there. Else the area reaches to the device's end, or to
    /// the swap area's where page 0 has the header of one.
    ///
    /// Goes past the page cache where it can: an image is larger than what a restore kernel has
    /// to spare, and three kernels read what another one wrote.
    package convenience init(
        open path: FilePath, offset: UInt64, _ access: BlockDevice.Access,
        holding contents: Contents = .image, on machine: some DeviceAccess
    ) throws {
        try self.init(on: machine.openDirectly(path, access), offset: offset, contents)
    }

    /// The area of a file, whatever is in it.
    ///
    /// - Parameter other: is not closed before this is; whoever has claimed it keeps it.
    package convenience init(
        open path: FilePath, layout: AreaLayout, _ access: BlockDevice.Access,
        holding other: BlockDevice? = nil, on machine: some DeviceAccess
    ) throws {
        try self.init(on: machine.openDirectly(path, access), layout: layout, holding: other)
    }

    package init(
        on device: BlockDevice, layout: AreaLayout, holding other: BlockDevice? = nil
    ) throws {
        self.device = device
        heldDevice = other
        self.layout = layout
        offset = layout.runs[0].first.offset
        guard layout.fits(device) else {
            (size, layoutError, kind) = (0, .image(.layout), .unknown)
            return
        }
        layoutError = nil
        let page = try SignaturePage(device.readBytes(at: offset, count: PageFrame.size))
        kind = page.kind
        size = page.swapSize(within: layout.size)
    }

    package init(
        on device: BlockDevice, offset: UInt64, _ contents: Contents = .image
    ) throws {
        self.device = device
        heldDevice = nil
        self.offset = offset
        let pageSize = UInt64(PageFrame.size)
        guard offset % pageSize == 0, offset < device.size, device.size - offset >= pageSize else {
            (size, layout, layoutError, kind) = (0, nil, nil, .unknown)
            return
        }
        let room = (device.size - offset) / pageSize * pageSize
        let page = try SignaturePage(
            device.readBytes(at: offset, count: PageFrame.size))
        kind = page.kind
        let mayHaveLayout = contents == .prepared || contents == .image && kind == .image
        do throws(ImageReadError<PlatformError>) {
            layout = mayHaveLayout ? try AreaLayout.of(device, offset: offset, room: room) : nil
        } catch {
            (size, layout, layoutError) = (min(room, ImageHeader.frontSize), nil, error)
            return
        }
        layoutError = nil
        size = page.swapSize(within: layout?.size ?? room)
    }
}

extension AreaLayout {
    /// What the image at `offset` of a device says; nil where it says nothing. `room` is how many bytes
    /// the device has from there.
    fileprivate static func of(
        _ device: BlockDevice, offset: UInt64, room: UInt64
    ) throws(ImageReadError<PlatformError>) -> AreaLayout? {
        if room < ImageHeader.frontSize { return nil }
        let layout = try read { (position, count) throws(PlatformError) in
            try device.readBytes(at: offset + position, count: count)
        }
        guard let layout else { return nil }
        guard layout.runs[0].first.offset == offset, layout.fits(device) else {
            throw .image(.layout)
        }
        return layout
    }

    fileprivate func fits(_ device: BlockDevice) -> Bool {
        let pages = device.size / UInt64(PageFrame.size)
        return runs.allSatisfy { $0.end.rawValue <= pages }
    }
}

extension SignaturePage {
    /// The size of the swap area whose header it may have, in bytes, and no more than `room`.
    fileprivate func swapSize(within room: UInt64) -> UInt64 {
        min(room, swapAreaPages.map { $0 * UInt64(PageFrame.size) } ?? room)
    }
}
