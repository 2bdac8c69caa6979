// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Sealing

/// What a section holds.
package struct SectionKind: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let system = SectionKind(rawValue: 1)
    package static let memoryMap = SectionKind(rawValue: 2)
    package static let invariants = SectionKind(rawValue: 3)
    package static let jump = SectionKind(rawValue: 4)
    package static let runs = SectionKind(rawValue: 5)
    package static let chunks = SectionKind(rawValue: 6)
    package static let fileSystems = SectionKind(rawValue: 7)
    /// Of a sealed image only.
    package static let seal = SectionKind(rawValue: 8)

    /// Where the area is on its device.
    package static let layout = SectionKind(rawValue: 9)

    /// What the saver kernel has to say, for people.
    package static let report = SectionKind(rawValue: 10)

    /// Whether this reader knows what to do with it.
    var isKnown: Bool { 1...10 ~= rawValue }

    /// Whether no reader could do without it, where it is.
    var isRequired: Bool { isKnown && self != .fileSystems && self != .report }

    /// In bytes.
    var sizeLimit: UInt64 { 1...4 ~= rawValue || 7...10 ~= rawValue ? 1 << 20 : 1 << 28 }
}

/// An entry of the section table.
package struct ImageSection: Hashable, Sendable {
    package var kind: SectionKind
    /// A reader that does not know the kind must refuse the image.
    package var isRequired: Bool
    /// Where it begins, in bytes from the beginning of the image area.
    package var offset: UInt64
    /// In bytes.
    package var size: UInt64
    /// XXH64 of the section's bytes.
    package var checksum: UInt64
    /// Of the same bytes, in a sealed image; once they are known.
    var digest: Digest?

    package init(
        kind: SectionKind, isRequired: Bool, offset: UInt64, size: UInt64, checksum: UInt64
    ) {
        self.kind = kind
        self.isRequired = isRequired
        self.offset = offset
        self.size = size
        self.checksum = checksum
    }
}

extension ImageSection {
    init(parsing reader: inout ImageReader) throws(ImageError) {
        kind = SectionKind(rawValue: try reader.u32())
        let flags = try reader.u32()
        // With a known kind it is known, too, whether a reader could do without it.
        guard flags <= 1, !kind.isKnown || (flags == 1) == kind.isRequired else {
            throw .sectionFlags(kind, flags)
        }
        isRequired = flags == 1
        offset = try reader.u64()
        size = try reader.u64()
        checksum = try reader.u64()
    }

    func append(to writer: inout ByteWriter) {
        writer.append(kind.rawValue)
        writer.append(UInt32(isRequired ? 1 : 0))
        writer.append(offset)
        writer.append(size)
        writer.append(checksum)
    }
}
