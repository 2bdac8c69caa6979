// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// Rewrites an image of the kernel's own hibernation so that no two of its pages adjoin: as Linux 6.15 to
/// 6.19 may write them (commit 0ff67f990bd4), and a swap area that was in use any kernel.
///
/// Source: kernel/power/swap.c, Linux 6.12: `swsusp_header`, `swap_map_page`.
package enum ScatteredImage {
    private static let pageSize: UInt64 = 4096
    /// Of `image` in the header page: the first page of the map.
    private static let mapField = 4064
    /// In a page of the map; the number of the next one is behind them.
    private static let entries = 511

    /// - Parameter path: a disk whose first page is the header page.
    package static func make(of path: String) throws {
        let disk = try FileHandle(forUpdating: URL(filePath: path))
        defer { try? disk.close() }
        let header = try read(0, from: disk)
        var map: [(place: UInt64, entries: [UInt64])] = []
        var next = number(at: mapField, of: header)
        while next != 0 {
            let page = try read(next, from: disk)
            let numbers = (0..<entries).map { number(at: $0 * 8, of: page) }.prefix { $0 != 0 }
            map.append((next, Array(numbers)))
            next = number(at: entries * 8, of: page)
        }

        // Each page comes to where another one was, far from the one before it.
        let before = map.flatMap(\.entries)
        let places = before.sorted()
        let stride = 7919
        // Prime: every place is taken once, unless the places are a multiple of it.
        precondition(places.count > stride + 1 && places.count % stride != 0, "no two adjoin")
        let after = before.indices.map { places[($0 + 1) * stride % places.count] }
        let pages = try before.map { try read($0, from: disk) }
        for (place, page) in zip(after, pages) { try write(page, to: place, of: disk) }
        var rest = after[...]
        for page in map {
            let numbers = rest.prefix(page.entries.count)
            rest = rest.dropFirst(page.entries.count)
            try write(
                numbers.withUnsafeBytes { Data($0) }, to: page.place, of: disk)
        }
        try disk.synchronize()
    }

    private static func number(at offset: Int, of page: Data) -> UInt64 {
        page.withUnsafeBytes {
            UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
    }

    private static func read(_ number: UInt64, from disk: FileHandle) throws -> Data {
        try disk.seek(toOffset: number * pageSize)
        return try disk.read(upToCount: Int(pageSize)) ?? Data()
    }

    private static func write(_ page: Data, to number: UInt64, of disk: FileHandle) throws {
        try disk.seek(toOffset: number * pageSize)
        try disk.write(contentsOf: page)
    }
}
