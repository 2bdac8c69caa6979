// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import Checksum
import PhysicalMemory
import SwapArea

/// How often the machine was started again because its memory map was not the image's, in the header
/// page.
///
/// It lies behind swap's header, where the kernel has the list of bad pages: without bad pages nobody reads
/// there, neither swapon (`union swap_header`, include/linux/swap.h) nor the kernel's own resume
/// (`struct swsusp_header`, kernel/power/swap.c; Linux 6.12), which writes back what it has read.
///
/// | bytes | type | contents |
/// |---|---|---|
/// | 2048–2055 | | `kr-retry` |
/// | 2056–2063 | u64 | which image |
/// | 2064–2067 | u32 | count |
/// | 2068–2071 | | zero |
/// | 2072–2079 | u64 | XXH64 of the bytes before |
struct MapRetryRecord: Hashable {
    /// Which image was tried: the next one in this area starts at 0.
    var image: UInt64
    var count: UInt32

    private static let place = 2048..<2080
    private static let checkedSize = 24
    /// "kr-retry" as a little-endian number.
    private static let magic: UInt64 = 0x7972_7465_722d_726b

    init(image: UInt64, count: UInt32) {
        self.image = image
        self.count = count
    }

    /// Nil where something else is in its place, or may be. Zeroes stand for no retry of no image.
    init?(in page: SignaturePage) {
        guard page.swapAreaPages != nil, page.badPages == 0 else { return nil }
        let bytes = Array(page.bytes[Self.place])
        let word = { (index: Int) in bytes.span.bytes.u64(at: 8 * index) }
        image = word(1)
        count = UInt32(truncatingIfNeeded: word(2))
        let isRecord = word(0) == Self.magic && word(3) == XXH64.hash(bytes[..<Self.checkedSize])
        guard isRecord || bytes.allSatisfy({ $0 == 0 }) else { return nil }
    }

    /// `page` with it. Requires that there is room: one can be read from there.
    func written(to page: SignaturePage) -> SignaturePage {
        var writer = ByteWriter(capacity: Self.place.count)
        writer.append(Self.magic)
        writer.append(image)
        writer.append(UInt64(count))
        writer.append(XXH64.hash(writer.bytes))
        return page.replacing(Self.place, with: writer.bytes)
    }

    /// The page as it was before there was one.
    static func erased(from page: SignaturePage) -> SignaturePage {
        guard MapRetryRecord(in: page) != nil else { return page }
        return page.replacing(place, with: [UInt8](repeating: 0, count: place.count))
    }
}

extension SwsuspFront {
    /// How often the machine was started again to get this image's memory map; nil where that cannot be
    /// counted.
    package var mapRetries: UInt32? {
        MapRetryRecord(in: header.page).map { $0.image == identity ? $0.count : 0 }
    }

    /// The header page with another number of retries. Requires that there is one.
    package func page(withMapRetries count: UInt32) -> SignaturePage {
        MapRetryRecord(image: identity, count: count).written(to: header.page)
    }

    /// The kernel gives its images no name: what is unlikely to be the same in two of them.
    private var identity: UInt64 {
        var writer = ByteWriter()
        writer.append(header.firstMapPage.rawValue)
        writer.append(UInt64(header.checksum ?? 0))
        writer.append(info.restore.pageTableRoot.rawValue)
        writer.append(info.restore.jumpAddress)
        writer.append(info.dataPages)
        writer.append(info.pages)
        return XXH64.hash(writer.bytes)
    }
}
