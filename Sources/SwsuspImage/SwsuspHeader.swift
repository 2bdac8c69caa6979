// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import SwapArea

/// The header page: the first page of the swap area, with the image's fields at its end.
///
/// Source: `struct swsusp_header`, kernel/power/swap.c, Linux 6.12.
package struct SwsuspHeader: Hashable, Sendable {
    /// Source: `SF_*`, kernel/power/power.h, Linux 6.12.
    package struct Flags: OptionSet, Hashable, Sendable {
        package var rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The firmware's S4 state was entered, not a plain power-off.
        package static let platformMode = Flags(rawValue: 1)
        package static let uncompressed = Flags(rawValue: 2)
        package static let checksum = Flags(rawValue: 4)
        package static let hardwareSignature = Flags(rawValue: 8)
        /// Compressed by LZ4; a compressed image without it, by LZO.
        package static let lz4 = Flags(rawValue: 16)

        static let known: Flags = [
            .platformMode, .uncompressed, .checksum, .hardwareSignature, .lz4,
        ]
    }

    package enum Compression: Hashable, Sendable {
        case none
        case lzo
        case lz4
    }

    /// The page as it is on the device.
    package let page: SignaturePage
    package let flags: Flags
    package let firstMapPage: DevicePage
    /// ``CRC32`` of everything after the info page, uncompressed. An uncompressed image has none.
    package let checksum: UInt32?
    /// Of the firmware's FACS table, where the kernel was told to record it.
    package let hardwareSignature: UInt32?
    /// What the swap area had before.
    package let originalSignature: Signature

    package var compression: Compression {
        flags.contains(.uncompressed) ? .none : flags.contains(.lz4) ? .lz4 : .lzo
    }

    /// The page without the image's signature, to be written where it came from: the area is swap
    /// again and nothing else on the device changes. The kernel does the same before it resumes.
    /// What ``MapRetryRecord`` has left there goes, too.
    package var pageWithoutImage: SignaturePage {
        MapRetryRecord.erased(from: page).withSignature(originalSignature)
    }
}

extension SwsuspHeader {
    /// Of the first map page's number, in the header page.
    static let mapPageOffset: UInt64 = 4064

    /// Whether the pages that it names exist is not checked here.
    package init(parsing page: SignaturePage) throws(SwsuspError) {
        guard page.signature == .swsusp1 else { throw .signature(found: page.signature) }
        self.page = page
        let bytes = page.bytes.span.bytes
        flags = Flags(rawValue: bytes.u32(at: 4072))
        firstMapPage = DevicePage(bytes.u64(at: Int(Self.mapPageOffset)))
        // The kernel leaves what the page held before where the flag is not set.
        checksum = flags.contains(.checksum) ? bytes.u32(at: 4060) : nil
        hardwareSignature = flags.contains(.hardwareSignature) ? bytes.u32(at: 4056) : nil

        let unknown = flags.subtracting(.known)
        if !unknown.isEmpty { throw .unknownFlags(unknown.rawValue) }
        // The kernel sets the checksum's flag on all that it compresses and on nothing else.
        guard flags.contains(.uncompressed) != flags.contains(.checksum),
            !flags.isSuperset(of: [.uncompressed, .lz4])
        else { throw .contradictoryFlags(flags.rawValue) }

        let original = Array(page.bytes[4076..<4086])
        guard let signature = [Signature.swap, .oldSwap].first(where: { $0.bytes == original })
        else { throw .originalSignature(original) }
        originalSignature = signature
    }
}
