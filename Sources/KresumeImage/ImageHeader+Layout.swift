// SPDX-License-Identifier: GPL-2.0-or-later

extension ImageHeader {
    /// Checks where the header says things are, against the area and the format's limits, before
    /// any of it is read. Overlaps are looked for when the chunks are known.
    func checkLayout(areaSize: UInt64) throws(ImageError) {
        guard imageSize >= ImageFormat.firstObject, imageSize.isMultiple(of: 4096),
            imageSize <= min(areaSize, ImageFormat.imageSizeLimit)
        else { throw .imageSize(imageSize, areaSize: areaSize) }
        for count in [dataPages, zeroPages] where count > ImageFormat.pageLimit {
            throw .tooManyPages(count)
        }
        if sections.count > ImageFormat.sectionLimit {
            throw .tooManySections(UInt64(sections.count))
        }
        var seen: Set<SectionKind> = []
        for section in sections {
            if !section.kind.isKnown {
                if section.isRequired { throw .unknownSection(section.kind) }
            } else if !seen.insert(section.kind).inserted {
                throw .duplicateSection(section.kind)
            }
            guard section.size <= section.kind.sizeLimit else {
                throw .sectionSize(
                    section.kind, section.size, limit: section.kind.sizeLimit)
            }
            try checkPlace(.section(section.kind), offset: section.offset, size: section.size)
        }
        if hasLayout, !seen.contains(.layout) { throw .missingSection(.layout) }
        if !hasLayout, seen.contains(.layout) { throw .unexpectedSection(.layout) }
        if isOnSeveralDevices, !hasLayout { throw .layout }
    }

    /// Checks that a stored object is aligned and lies between the state record and the image's
    /// end, which is aligned too: so the padding does as well.
    func checkPlace(_ part: ImagePart, offset: UInt64, size: UInt64) throws(ImageError) {
        guard offset.isMultiple(of: 4096) else { throw .misaligned(part, offset: offset) }
        guard offset >= ImageFormat.firstObject, offset <= imageSize,
            size <= imageSize - offset
        else { throw .outsideImage(part, offset: offset, size: size, imageSize: imageSize) }
    }

    /// Checks that no two stored objects share a page. All must have passed `checkPlace`.
    func checkOverlap(with chunks: [Chunk] = []) throws(ImageError) {
        var places: [(start: UInt64, end: UInt64)] = []
        places.reserveCapacity(sections.count + chunks.count)
        for chunk in chunks {
            places.append((chunk.offset, chunk.offset + ImageFormat.padded(UInt64(chunk.size))))
        }
        for section in sections where section.size > 0 {
            places.append((section.offset, section.offset + ImageFormat.padded(section.size)))
        }
        places.sort { $0.start < $1.start }
        var end: UInt64 = 0
        for place in places {
            guard place.start >= end else {
                throw .overlap(offset: place.start, previousEnd: end)
            }
            end = place.end
        }
    }
}
