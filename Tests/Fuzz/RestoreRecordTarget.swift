// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

@testable import Architecture

extension FuzzTarget {
    /// How the kernel of a stock image is entered, and the page tables that lead there.
    ///
    /// An input is: whose (1 byte), and changes: which page (1 byte: 0 is the info page), where (2 bytes), and the
    /// 8 bytes there.
    static let restoreRecord = FuzzTarget(name: "restore-record", inputLimit: 256) {
        let values: [UInt64] = [ARM64Sample.root << 12, X86Sample.root << 12, 0, .max]
        var seeds: [[UInt8]] = [[0], [1], [2]]
        for shape in 0..<3 as Range<UInt8> {
            for place in [72, 80, 88, 96, 16, 0] as [UInt16] {
                for value in values { seeds.append([shape, 0] + change(place, value)) }
            }
            for page in 1...6 as ClosedRange<UInt8> {
                seeds.append([shape, page] + change(2048, 0x20063))
            }
        }
        return seeds
    } test: { input in
        var changes = Changes(input)
        let shape = changes.integer(UInt8.self) % 3
        var info = shape == 0 ? ARM64Sample.info : X86Sample.info
        let tables =
            switch shape {
            case 0: ARM64Sample.tables
            case 1: X86Sample.tables(.four)
            default: X86Sample.tables(.five)
            }
        var known = tables.mapValues { entries in
            var page = [UInt8](repeating: 0, count: PageFrame.size)
            for (index, entry) in entries { page.store(entry, at: 8 * index) }
            return page
        }
        let frames = known.keys.sorted()
        while !changes.isAtEnd {
            let page = Int(changes.integer(UInt8.self)) % (frames.count + 1)
            let place = Int(changes.integer(UInt16.self)) % (PageFrame.size - 7)
            let value = changes.integer(UInt64.self)
            if page == 0 {
                info.store(value, at: place)
            } else {
                known[frames[page - 1]]?.store(value, at: place)
            }
        }
        do throws(RestoreRecordError) {
            let record = try RestoreRecord(parsing: info.span.bytes)
            let levels = try record.pagingLevels { known[$0.rawValue] }
            require(2...5 ~= levels, "\(levels) levels")
            _ = try record.target { known[$0.rawValue] }
        } catch { return }
    }

    private static func change(_ place: UInt16, _ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: place)
        bytes.append(littleEndian: value)
        return bytes
    }
}
