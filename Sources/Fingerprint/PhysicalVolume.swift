// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum

/// A physical volume of LVM2. What its metadata are is text, in a ring; a new version has a new number.
///
/// Source: `struct label_header`, lib/label/label.h; `struct pv_header`, `struct mda_header`,
/// `struct raw_locn`, lib/format_text/layout.h; LVM2 2.03.
struct PhysicalVolume: DiskFormat {
    private let label: [UInt8]
    private let headerPlace: Int

    private static let sectorSize = 512

    init?(_ disk: DiskReader) {
        // LABEL_SCAN_SECTORS
        guard let bytes = disk.bytes(at: 0, count: 4 * Self.sectorSize) else { return nil }
        for sector in stride(from: 0, to: bytes.count, by: Self.sectorSize) {
            let found = Array(bytes[sector..<sector + Self.sectorSize])
            let header = Int(found.little(20, 4))
            guard found.starts(with: "LABELONE".utf8),
                found[24..<32].elementsEqual("LVM2 001".utf8),
                (32...Self.sectorSize - 40).contains(header)
            else { continue }
            label = found
            headerPlace = header
            return
        }
        return nil
    }

    var identity: [UInt8] { Array(label[headerPlace..<headerPlace + 32]) }

    func values(_ disk: DiskReader) -> [FileSystemState.Value]? {
        // Behind the UUID and the size: data areas, then metadata areas; a list ends with zeroes.
        var lists = 0
        var place = headerPlace + 40
        while place + 16 <= label.count {
            let start = label.little(place, 8)
            if start == 0 {
                lists += 1
            } else if lists == 1 {
                return values(ofAreaAt: start, disk)
            }
            if lists == 2 { break }
            place += 16
        }
        // One that has none, its volume group's other devices have them.
        return []
    }

    private func values(ofAreaAt place: UInt64, _ disk: DiskReader) -> [FileSystemState.Value]? {
        guard let header = disk.bytes(at: place, count: Self.sectorSize),
            header[4..<20].elementsEqual(" LVM2 x[5A%r0N*>".utf8)
        else { return nil }
        let hash = FileSystemState.Value(.superblock, XXH64.hash(header))
        guard let text = sum(place, header.little(40, 8)), header.little(48, 8) > 0,
            let bytes = disk.bytes(at: text, count: Self.sectorSize),
            let number = sequenceNumber(in: bytes)
        else { return [hash] }
        return [hash, .init(.generation, number)]
    }

    /// `seqno = 12`, among the first lines.
    private func sequenceNumber(in text: [UInt8]) -> UInt64? {
        let key = Array("seqno = ".utf8)
        let starts = text.indices.dropLast(key.count)
        guard let start = starts.first(where: { text[$0...].starts(with: key) })
        else { return nil }
        let digits = text[(start + key.count)...].prefix { 0x30...0x39 ~= $0 }.prefix(18)
        return digits.isEmpty ? nil : digits.reduce(0) { $0 * 10 + UInt64($1 - 0x30) }
    }
}
