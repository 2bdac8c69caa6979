// SPDX-License-Identifier: GPL-2.0-or-later

import Checksum
import KresumeImage

/// Changes an area that holds an image of ours, then makes its checksums agree.
///
/// An input is: which checksums to leave alone (1 byte), how many pages there are (1 byte, 0 for
/// all), and changes.
struct ImageChanges {
    /// Where a region of ``Changes`` lies in the area.
    private let regions: [Range<Int>]
    private let original: ImageArea

    static let firstSection = 6

    init(of area: ImageArea) throws {
        original = area
        // The signature page in four places, header, section table, state; sections; all.
        var regions = [
            4086..<4096, 1024..<1036, 4096..<4224, 4224..<4224 + 32 * 8, 8192..<8232, 0..<16,
        ]
        let header = try ImageHeader(parsing: area.read(4096, 4096))
        for section in header.sections.sorted(by: { $0.kind.rawValue < $1.kind.rawValue }) {
            regions.append(Int(section.offset)..<Int(section.offset) + 4096)
        }
        regions.append(0..<area.bytes.count)
        self.regions = regions
    }

    func area(for changes: inout Changes) -> ImageArea {
        var area = original
        let kept = changes.integer(UInt8.self)
        let pages = Int(changes.integer(UInt8.self))
        while let change = changes.next() {
            change.apply(to: &area.bytes, in: regions[change.region % regions.count])
        }
        if pages != 0, pages < area.bytes.count / 4096 {
            area.bytes.removeLast(area.bytes.count - pages * 4096)
        }
        if area.bytes.count >= 3 * 4096 { seal(&area, keeping: kept) }
        return area
    }

    /// From the innermost to the outermost. A bit of `kept` keeps one kind as it is.
    private func seal(_ area: inout ImageArea, keeping kept: UInt8) {
        // Of a sealed image the same place holds tags, which nobody else can make.
        if kept & 1 == 0, area.bytes[4096 + 16] & 4 == 0 {
            for section in sections(of: area) where area.word(at: section.entry) as UInt32 == 6 {
                sealChunks(&area, in: section.body)
            }
        }
        if kept & 2 == 0 {
            for section in sections(of: area) {
                area.put(XXH64.hash(area.bytes[section.body]), at: section.entry + 24)
            }
        }
        if kept & 4 == 0 { area.sealHeader() }
        if kept & 8 == 0 { area.put(XXH64.hash(Array(area.bytes[8192..<8224])), at: 8224) }
    }

    private func sealChunks(_ area: inout ImageArea, in table: Range<Int>) {
        for entry in stride(from: table.lowerBound, to: table.upperBound - 23, by: 24) {
            let size: UInt32 = area.word(at: entry + 8)
            guard let chunk = area.range(area.word(at: entry), UInt64(size)) else { continue }
            area.put(XXH64.hash(area.bytes[chunk]), at: entry + 16)
        }
    }

    /// Those of the table that lie in the area, if there is a table.
    private func sections(of area: ImageArea) -> [(entry: Int, body: Range<Int>)] {
        let start = 4096 + Int(area.word(at: 4096 + 12) as UInt32)
        let count = Int(min(area.word(at: 4096 + 68) as UInt32, 64))
        return (0..<count).compactMap { index in
            let entry = start + 32 * index
            guard entry + 32 <= 8192,
                let body = area.range(area.word(at: entry + 8), area.word(at: entry + 16))
            else { return nil }
            return (entry, body)
        }
    }
}

extension ImageArea {
    /// Little endian. Requires it to be in the area.
    func word<T: FixedWidthInteger & UnsignedInteger>(at offset: Int) -> T {
        (0..<T.bitWidth / 8).reduce(0) { $0 | T(bytes[offset + $1]) << T(8 * $1) }
    }

    /// Nil where it is not in the area.
    func range(_ offset: UInt64, _ count: UInt64) -> Range<Int>? {
        guard offset <= size, count <= size - offset else { return nil }
        return Int(offset)..<Int(offset + count)
    }
}
