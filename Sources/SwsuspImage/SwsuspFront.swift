// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import SwapArea

/// The beginning of an image, in three pages: enough to say what it is, and whether it was made
/// on this machine.
package struct SwsuspFront: Hashable, Sendable {
    package let headerPage: DevicePage
    package let header: SwsuspHeader
    package let info: SwsuspInfo
    let infoPage: DevicePage
    /// One past the last page that the image can use.
    let limit: DevicePage

    /// Returns nil where there is no image of the kernel's.
    ///
    /// `headerPage` is 0 for a partition, or the `resume_offset=` of a swap file. `readAt` gives
    /// `count` bytes of the device, or throws. It is asked for whole pages before
    /// `devicePages` only.
    package static func read<E>(
        headerPage: DevicePage, devicePages: UInt64,
        readAt: (_ offset: UInt64, _ count: Int) throws(E) -> [UInt8]
    ) throws(SwsuspReadError<E>) -> SwsuspFront? {
        let device = DevicePage(min(devicePages, DevicePage.limit.rawValue))
        guard headerPage < device else {
            throw .image(
                .truncated(
                    offset: headerPage < .limit ? headerPage.offset : .max,
                    needed: PageFrame.size, available: 0))
        }
        let bytes = try readPages(DeviceRun(headerPage, count: 1), readAt)
        let page = SignaturePage(bytes)
        guard page.kind == .swsusp else { return nil }
        let header = try parsing(E.self) { () throws(SwsuspError) in
            try SwsuspHeader(parsing: page)
        }

        // Pages of a swap file can be anywhere on the device; a swap partition says where it ends.
        var limit = device
        if headerPage.rawValue == 0 {
            let size = page.usableSize(of: device.offset, original: header.originalSignature)
            limit = DevicePage(size / UInt64(PageFrame.size))
        }
        let fieldOffset = headerPage.offset + SwsuspHeader.mapPageOffset
        try check(header.firstMapPage, before: limit, foundAt: fieldOffset, E.self)
        let mapPage = try readPages(DeviceRun(header.firstMapPage, count: 1), readAt)
        let infoPage = DevicePage(mapPage.span.bytes.u64(at: 0))
        try check(infoPage, before: limit, foundAt: header.firstMapPage.offset, E.self)
        let infoBytes = try readPages(DeviceRun(infoPage, count: 1), readAt)
        let info = try parsing(E.self) { () throws(SwsuspError) in
            try SwsuspInfo(parsing: infoBytes.span.bytes)
        }
        return SwsuspFront(
            headerPage: headerPage, header: header, info: info, infoPage: infoPage, limit: limit)
    }

    private static func check<E>(
        _ page: DevicePage, before limit: DevicePage, foundAt offset: UInt64, _: E.Type
    ) throws(SwsuspReadError<E>) {
        guard 0 < page.rawValue, page < limit else {
            throw .image(.pageOutsideArea(page, limit: limit, offset: offset))
        }
    }

    /// How many stored pages may follow the info page.
    var storedPages: ClosedRange<UInt64> {
        let count = info.streamPages
        if header.compression == .none { return count...count }
        // A block takes one page at least.
        let blocks = BlockWalk.blockCount(streamPages: count)
        return blocks...blocks * UInt64(StoredBlock.storedPageLimit)
    }
}
