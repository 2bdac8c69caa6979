// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum

/// The sections of an image as they were read, their checksums checked, not yet understood.
struct StoredSections {
    private var bodies: [SectionKind: (offset: UInt64, bytes: [UInt8])] = [:]

    /// Reads the sections that this reader knows. `header.checkLayout` must have passed.
    init<E>(
        of header: ImageHeader, readAt: (UInt64, Int) throws(E) -> [UInt8]
    ) throws(ImageReadError<E>) {
        for section in header.sections where section.kind.isKnown {
            var bytes = try readPages(
                at: section.offset, size: Int(ImageFormat.padded(section.size)), readAt)
            bytes.removeLast(bytes.count - Int(section.size))
            let found = XXH64.hash(bytes)
            guard found == section.checksum else {
                throw .image(
                    .checksum(
                        .section(section.kind), offset: section.offset,
                        expected: section.checksum, found: found))
            }
            bodies[section.kind] = (section.offset, bytes)
        }
    }

    /// Parses one section to its last byte.
    func parse<T>(
        _ kind: SectionKind, _ parser: (inout ImageReader) throws(ImageError) -> T
    ) throws(ImageError) -> T {
        guard let body = bodies[kind] else { throw .missingSection(kind) }
        var reader = ImageReader(body.bytes, at: body.offset)
        let value = try parser(&reader)
        // Only the system section may grow without a new version.
        guard reader.remaining == 0 || kind == .system else {
            throw .trailingBytes(kind, offset: reader.offset)
        }
        return value
    }
}

/// Reads a multiple of 4096 bytes at a multiple of 4096.
func readPages<E>(
    at offset: UInt64, size: Int, _ readAt: (UInt64, Int) throws(E) -> [UInt8]
) throws(ImageReadError<E>) -> [UInt8] {
    if size == 0 { return [] }
    let bytes: [UInt8]
    do { bytes = try readAt(offset, size) } catch { throw .device(error) }
    guard bytes.count == size else {
        throw .image(.truncated(offset: offset, needed: size, available: bytes.count))
    }
    return bytes
}
