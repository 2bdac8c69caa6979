// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage

/// The header page: the first page of the swap area, with the image's fields at its end.
///
/// Source: `struct swsusp_header`, kernel/power/swap.c, Linux 6.12.
public struct SwsuspHeader: Hashable, Sendable {
    /// Source: `SF_*`, kernel/power/power.h, Linux 6.12.
    public struct Flags: OptionSet, Hashable, Sendable {
        public var rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The firmware's S4 state was entered, not a plain power-off.
        public static let platformMode = Flags(rawValue: 1)
        public static let uncompressed = Flags(rawValue: 2)
        public static let checksum = Flags(rawValue: 4)
        public static let hardwareSignature = Flags(rawValue: 8)
        /// Compressed by LZ4; a compressed image without it, by LZO.
        public static let lz4 = Flags(rawValue: 16)

        static let known: Flags = [
            .platformMode, .uncompressed, .checksum, .hardwareSignature, .lz4,
        ]
    }

    public enum Compression: Hashable, Sendable {
        case none
        case lzo
        case lz4
    }

    /// The page as it is on the device.
    public let page: SignaturePage
    public let flags: Flags
    public let firstMapPage: DevicePage
    /// ``CRC32`` of everything after the info page, uncompressed. An uncompressed image has none.
    public let checksum: UInt32?
    /// Of the firmware's FACS table, where the kernel was told to record it.
    public let hardwareSignature: UInt32?
    /// What the swap area had before.
    public let originalSignature: Signature

    public var compression: Compression {
        flags.contains(.uncompressed) ? .none : flags.contains(.lz4) ? .lz4 : .lzo
    }

    /// The page without the image's signature, to be written where it came from: the area is swap
    /// again and nothing else on the device changes. The kernel does the same before it resumes.
    public var pageWithoutImage: SignaturePage { page.withSignature(originalSignature) }
}

extension SwsuspHeader {
    /// Of the first map page's number, in the header page.
    static let mapPageOffset: UInt64 = 4064

    /// Whether the pages that it names exist is not checked here.
    public init(parsing page: SignaturePage) throws(SwsuspError) {
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
