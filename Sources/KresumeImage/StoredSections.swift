// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum
import Sealing
import SwapArea

/// The sections of an image as they were read, their checksums checked, not yet understood.
struct StoredSections {
    private var bodies: [SectionKind: (offset: UInt64, bytes: [UInt8])] = [:]
    /// In the order of the table, of a sealed image.
    private var digests: [Digest?] = []

    /// Reads the sections that this reader knows; of a sealed image all, for all are authenticated.
    /// `header.checkLayout` must have passed.
    init<E>(
        of header: ImageHeader, readAt: (UInt64, Int) throws(E) -> [UInt8]
    ) throws(ImageReadError<E>) {
        for section in header.sections where section.kind.isKnown || header.isSealed {
            let bytes = try section.read(readAt)
            if header.isSealed {
                digests.append(section.kind == .seal ? nil : Digest(of: bytes))
            }
            if section.kind.isKnown { bodies[section.kind] = (section.offset, bytes) }
        }
    }

    /// An image may do without them.
    func parseFileSystems() throws(ImageError) -> [FileSystemRecord] {
        bodies[.fileSystems] == nil ? [] : try parse(.fileSystems, FileSystemRecord.parse)
    }

    /// So it is with this.
    func parseReport() throws(ImageError) -> [String] {
        bodies[.report] == nil ? [] : try parse(.report, SaverReport.parse)
    }

    /// Nil for an image in consecutive bytes.
    func parseLayout(of header: ImageHeader) throws(ImageError) -> AreaLayout? {
        guard header.hasLayout else { return nil }
        return try parse(.layout) { (reader) throws(ImageError) in
            try AreaLayout(parsing: &reader, of: header)
        }
    }

    /// What shows that a sealed image is what was written; nil for a plain one. The sections' digests
    /// go into `header`.
    func evidence(
        of header: inout ImageHeader, page: [UInt8]
    ) throws(ImageError) -> SealEvidence? {
        guard header.isSealed else {
            if bodies[.seal] != nil { throw .unexpectedSection(.seal) }
            return nil
        }
        takeDigests(into: &header)
        let seal = try parse(.seal, ImageSeal.init(parsing:))
        guard var jump = bodies[.jump]?.bytes else { throw .missingSection(.jump) }
        for index in jump.indices.prefix(8) { jump[index] = 0 }
        return SealEvidence(
            seal: seal, headerPage: header.authenticatedPage(page), jumpDigest: Digest(of: jump))
    }

    /// Of a sealed image.
    func takeDigests(into header: inout ImageHeader) {
        for (index, digest) in digests.enumerated() { header.sections[index].digest = digest }
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

extension ImageSection {
    /// Its bytes, as its checksum says they are. Place and size are within limits.
    func read<E>(
        _ readAt: (UInt64, Int) throws(E) -> [UInt8]
    ) throws(ImageReadError<E>) -> [UInt8] {
        var bytes = try readPages(at: offset, size: Int(ImageFormat.padded(size)), readAt)
        bytes.removeLast(bytes.count - Int(size))
        let found = XXH64.hash(bytes)
        guard found == checksum else {
            throw .image(
                .checksum(.section(kind), offset: offset, expected: checksum, found: found))
        }
        return bytes
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
