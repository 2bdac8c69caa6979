// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SwapArea
import SystemPackage

/// The part of a device that holds an image, or is to hold one. Its bytes may be in several places, on several
/// devices: see ``AreaLayout``.
package final class ImageArea: Sendable {
    /// In the order that the layout has; the area begins on the first.
    package let devices: [BlockDevice]
    /// Where it begins on the first device, in bytes; a multiple of 4096.
    package let offset: UInt64
    /// In bytes; a multiple of 4096.
    package let size: UInt64
    /// Nil where its bytes follow one another on the device.
    package let layout: AreaLayout?
    /// Why its bytes cannot be found, but for its first pages: an image there may say where they are, and is
    /// damaged, or cannot be read, or is not here as a whole.
    package let layoutError: ImageReadError<PlatformError>?
    /// By the signature that was there when it was opened.
    package let kind: SignaturePage.Kind
    private let heldDevice: BlockDevice?

    /// The first one.
    package var device: BlockDevice { devices[0] }

    /// What is in an area, for one who opens it.
    package enum Contents: Sendable {
        /// An image, if the signature says so.
        case image
        /// One that is prepared, which has no signature yet.
        case prepared
        /// Nothing that counts.
        case nothing
    }

    /// Finds the devices besides the first one that an image of this id is on.
    package typealias MemberSearch = (
        AreaLayout, ImageID
    ) throws(ImageReadError<PlatformError>) -> [BlockDevice]

    /// Where an image says where its area is, it is there. Else the area reaches to the device's end, or to
    /// the swap area's where page 0 has the header of one.
    ///
    /// Goes past the page cache where it can: an image is larger than what a restore kernel has
    /// to spare, and three kernels read what another one wrote.
    package convenience init(
        open path: FilePath, offset: UInt64, _ access: BlockDevice.Access,
        holding contents: Contents = .image, on machine: some DeviceAccess
    ) throws {
        try self.init(on: machine.openDirectly(path, access), offset: offset, contents) {
            (layout, image) throws(ImageReadError<PlatformError>) in
            try AreaMembers(of: layout, image).open(access, on: machine)
        }
    }

    /// An area of which it is known where it is, whatever is in it.
    ///
    /// - Parameters:
    ///   - paths: its devices, in the layout's order.
    ///   - other: is not closed before this is; whoever has claimed it keeps it.
    package convenience init(
        open paths: [FilePath], layout: AreaLayout, _ access: BlockDevice.Access,
        holding other: BlockDevice? = nil, on machine: some DeviceAccess
    ) throws {
        try self.init(
            on: paths.map { try machine.openDirectly($0, access) }, layout: layout, holding: other)
    }

    package init(
        on devices: [BlockDevice], layout: AreaLayout, holding other: BlockDevice? = nil
    ) throws {
        self.devices = devices
        heldDevice = other
        self.layout = layout
        offset = layout.first.offset
        guard layout.fits(devices) else {
            (size, layoutError, kind) = (0, .image(.layout), .unknown)
            return
        }
        layoutError = nil
        let page = try SignaturePage(devices[0].readBytes(at: offset, count: PageFrame.size))
        kind = page.kind
        size = page.swapSize(within: layout.size)
    }

    /// - Parameter members: without it an area on several devices is not here as a whole.
    package init(
        on device: BlockDevice, offset: UInt64, _ contents: Contents = .image,
        members: MemberSearch = { layout, _ throws(ImageReadError<PlatformError>) in
            throw .image(.devicesMissing(found: 1, of: layout.deviceCount))
        }
    ) throws {
        heldDevice = nil
        self.offset = offset
        let pageSize = UInt64(PageFrame.size)
        guard offset % pageSize == 0, offset < device.size, device.size - offset >= pageSize else {
            (devices, size, layout, layoutError, kind) = ([device], 0, nil, nil, .unknown)
            return
        }
        let room = (device.size - offset) / pageSize * pageSize
        let page = try SignaturePage(
            device.readBytes(at: offset, count: PageFrame.size))
        kind = page.kind
        let mayHaveLayout = contents == .prepared || contents == .image && kind == .image
        do throws(ImageReadError<PlatformError>) {
            let found = mayHaveLayout ? try AreaLayout.told(by: device, at: offset) : nil
            var devices = [device]
            if let (layout, image) = found {
                if layout.deviceCount > 1 { devices += try members(layout, image) }
                guard layout.fits(devices) else { throw .image(.layout) }
            }
            (self.devices, layout) = (devices, found?.layout)
        } catch {
            (devices, size, layout) = ([device], min(room, ImageHeader.frontSize), nil)
            layoutError = error
            return
        }
        layoutError = nil
        size = page.swapSize(within: layout?.size ?? room)
    }
}

extension AreaLayout {
    /// What the image at `offset` of a device says, in bytes, and its id; nil where it says nothing.
    package static func told(
        by device: BlockDevice, at offset: UInt64
    ) throws(ImageReadError<PlatformError>) -> (layout: AreaLayout, image: ImageID)? {
        guard offset <= device.size, device.size - offset >= ImageHeader.frontSize else {
            return nil
        }
        let found = try read { (position, count) throws(PlatformError) in
            try device.readBytes(at: offset + position, count: count)
        }
        guard let found else { return nil }
        guard found.layout.first.offset == offset else { throw .image(.layout) }
        return found
    }

    /// Whether there are as many, and each is large enough.
    fileprivate func fits(_ devices: [BlockDevice]) -> Bool {
        devices.count == deviceCount
            && extents.allSatisfy {
                $0.run.end.rawValue <= devices[$0.device].size / UInt64(PageFrame.size)
            }
    }
}

extension SignaturePage {
    /// The size of the swap area whose header it may have, in bytes, and no more than `room`.
    fileprivate func swapSize(within room: UInt64) -> UInt64 {
        min(room, swapAreaPages.map { $0 * UInt64(PageFrame.size) } ?? room)
    }
}
