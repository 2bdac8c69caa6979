// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

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

    /// Whether this reader knows what to do with it.
    var isKnown: Bool { 1...6 ~= rawValue }

    /// In bytes.
    var sizeLimit: UInt64 { 1...4 ~= rawValue ? 1 << 20 : 1 << 28 }
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
        // A known kind is always required: no reader could do without it.
        guard flags == 1 || (flags == 0 && !kind.isKnown) else { throw .sectionFlags(kind, flags) }
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
