// SPDX-License-Identifier: GPL-2.0-or-later

import Checksum
import PhysicalMemory

/// For those who read the pages themselves.
///
/// An uncompressed image can be read anywhere at any time: data page d is stored page
/// `info.listPages` + d. A compressed one is cut into blocks by ``blockWalk()``.
extension SwsuspImage {
    /// From the image's beginning. Requires a compressed image.
    package func blockWalk() -> BlockWalk {
        BlockWalk(storedPageCount: map.pageCount, streamPages: info.streamPages)
    }

    /// Which data pages are among `pages` of the stream: those of ``runs`` that are not zero, in
    /// order. Empty where `pages` are frame lists only.
    package func dataPages(in pages: Range<UInt64>) -> Range<UInt64> {
        let lists = info.listPages
        return max(pages.lowerBound, lists) - lists..<max(pages.upperBound, lists) - lists
    }

    /// What some pages of the stream add to the image's checksum. The xor of all shares, in any
    /// order, is the checksum: see `CRC32`.
    package func checksumShare(of pages: UnsafeRawBufferPointer, firstPage: UInt64) -> UInt32 {
        let after = (info.streamPages - firstPage) * UInt64(PageFrame.size) - UInt64(pages.count)
        return CRC32.shifted(CRC32.update(0, pages), byZeroes: after)
    }

    /// Compares the xor of all shares with what the header says. Does nothing for an uncompressed
    /// image, which carries no checksum.
    package func check(checksum found: UInt32) throws(SwsuspError) {
        if let expected = header.checksum, found != expected {
            throw .checksum(expected: expected, found: found)
        }
    }
}
