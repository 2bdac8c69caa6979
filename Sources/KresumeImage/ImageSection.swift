// SPDX-License-Identifier: GPL-2.0-or-later

/// What a section holds.
public struct SectionKind: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let system = SectionKind(rawValue: 1)
    public static let memoryMap = SectionKind(rawValue: 2)
    public static let invariants = SectionKind(rawValue: 3)
    public static let jump = SectionKind(rawValue: 4)
    public static let runs = SectionKind(rawValue: 5)
    public static let chunks = SectionKind(rawValue: 6)

    /// Whether this reader knows what to do with it.
    var isKnown: Bool { 1...6 ~= rawValue }

    /// In bytes.
    var sizeLimit: UInt64 { 1...4 ~= rawValue ? 1 << 20 : 1 << 28 }
}

/// An entry of the section table.
public struct ImageSection: Hashable, Sendable {
    public var kind: SectionKind
    /// A reader that does not know the kind must refuse the image.
    public var isRequired: Bool
    /// Where it begins, in bytes from the beginning of the image area.
    public var offset: UInt64
    /// In bytes.
    public var size: UInt64
    /// XXH64 of the section's bytes.
    public var checksum: UInt64

    public init(
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
    init(parsing reader: inout ByteReader) throws(ImageError) {
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
