// SPDX-License-Identifier: GPL-2.0-or-later

import SwapArea

/// The first three pages of an area that holds an image: enough to say that it is there, how old
/// and how big, and in which state.
package struct ImageFront: Hashable, Sendable {
    package var signaturePage: SignaturePage
    package var header: ImageHeader
    package var state: ImageState
    /// See ``StateRecord``.
    package var mapRetries: UInt32
    /// The header as it was read, of a sealed image: it is authenticated as a whole.
    private(set) var headerPage: [UInt8] = []

    /// Reads them, or returns nil where there is no image of ours. The signature alone decides
    /// that: an image of ours that is damaged is an error.
    ///
    /// `areaSize` is in bytes. `readAt` reads a number of bytes at an offset in the area, both
    /// multiples of 4096, and returns all of them or throws.
    package static func read<E>(
        areaSize: UInt64, readAt: (_ offset: UInt64, _ count: Int) throws(E) -> [UInt8]
    ) throws(ImageReadError<E>) -> ImageFront? {
        if areaSize < UInt64(ImageFormat.pageSize) { return nil }
        let page = try readPages(at: 0, size: ImageFormat.pageSize, readAt)
        let signaturePage = SignaturePage(page)
        if signaturePage.kind != .image { return nil }
        return try ImageFront(signaturePage, areaSize: areaSize, readAt: readAt)
    }

    /// Reads header and state, whatever the signature.
    init<E>(
        _ signaturePage: SignaturePage, areaSize: UInt64,
        readAt: (UInt64, Int) throws(E) -> [UInt8]
    ) throws(ImageReadError<E>) {
        guard areaSize >= ImageFormat.firstObject else {
            throw .image(.imageSize(ImageFormat.firstObject, areaSize: areaSize))
        }
        let size = Int(ImageFormat.firstObject - ImageFormat.headerOffset)
        let pages = try readPages(at: ImageFormat.headerOffset, size: size, readAt)
        self.signaturePage = signaturePage
        do throws(ImageError) {
            let page = Array(pages.prefix(ImageFormat.pageSize))
            header = try ImageHeader(parsing: page)
            if header.isSealed { headerPage = page }
            let record = try StateRecord(parsing: Array(pages.dropFirst(ImageFormat.pageSize)))
            guard record.id == header.id else {
                throw .differentIDs(header: header.id, state: record.id)
            }
            state = record.state
            mapRetries = record.mapRetries
            try header.checkLayout(
                areaSize: signaturePage.usableSize(
                    of: areaSize, original: header.originalSignature))
        } catch { throw .image(error) }
    }
}
