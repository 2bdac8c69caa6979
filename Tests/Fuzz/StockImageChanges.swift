// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import PhysicalMemory

@testable import SwsuspImage

/// One image of the kernel's, to be changed before and after it is compressed.
struct StockImageChanges {
    private let recipe: Recipe
    private let original: TestDevice
    private let regions: [Range<Int>]

    /// Regions of ``Changes`` before these are of what is compressed: the lists, the info page, two
    /// page tables, the entry's page.
    private static let firstOfDevice = 5

    static let shapes: [(compression: SwsuspHeader.Compression, pages: Int, headerPage: UInt64)] = [
        (.none, 12, 0), (.lzo, 12, 0), (.lz4, 12, 0), (.lzo, 150, 21), (.lz4, 150, 21),
        (.none, 520, 21),
    ]

    nonisolated(unsafe) static let bases = shapes.map {
        StockImageChanges($0.compression, pages: $0.pages, headerPage: $0.headerPage)
    }

    private init(_ compression: SwsuspHeader.Compression, pages: Int, headerPage: UInt64) {
        var recipe = Recipe(compression, pages: pages, depth: pages == 12 ? .four : .five)
        recipe.headerPage = headerPage
        self.recipe = recipe
        let device = recipe.write()
        original = device
        let lastMapPage = device.mapPages.count - 1
        let first = device.stored[1] * 4096
        regions =
            [
                device.header + 4056..<device.header + 4096,
                device.header + 1024..<device.header + 1040,
                device.entry(0)..<device.entry(512),
                device.entry(0, ofMapPage: lastMapPage)..<device.entry(512, ofMapPage: lastMapPage),
                device.info..<device.info + 440,
                first..<first + 8, first..<first + 4096,
            ]
            + device.stored.dropFirst(2).prefix(3).map { $0 * 4096..<$0 * 4096 + 4096 }
            + [0..<device.bytes.count]
    }

    func device(for changes: inout Changes) -> TestDevice {
        let pages = Int(changes.integer(UInt8.self))
        var inside: [Change] = []
        var outside: [Change] = []
        while let change = changes.next() {
            let region = change.region % (Self.firstOfDevice + regions.count)
            let change = Change(region, change.place, change.operation)
            if region < Self.firstOfDevice { inside.append(change) } else { outside.append(change) }
        }
        // Compressing takes its time.
        var device = inside.isEmpty ? original : changed(inside).write()
        for change in outside {
            change.apply(to: &device.bytes, in: regions[change.region - Self.firstOfDevice])
        }
        if pages != 0, pages < device.bytes.count / 4096 {
            device.bytes.removeLast(device.bytes.count - pages * 4096)
        }
        return device
    }

    private func changed(_ changes: [Change]) -> Recipe {
        var recipe = recipe
        let ofLists = changes.filter { $0.region == 0 }
        if !ofLists.isEmpty {
            recipe.editLists = { words in
                var bytes = Recipe.bytes(words)
                for change in ofLists { change.apply(to: &bytes, in: 0..<bytes.count) }
                words = stride(from: 0, to: bytes.count, by: 8).map { start in
                    (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
                }
            }
        }
        let ofInfo = changes.filter { $0.region == 1 }
        recipe.editInfo = { bytes in
            for change in ofInfo { change.apply(to: &bytes, in: 0..<440) }
        }
        let frames: [UInt64] = [Recipe.root, 0x21, 0x401]
        for change in changes where change.region > 1 {
            var page = recipe.data[frames[change.region - 2]] ?? []
            change.apply(to: &page, in: 0..<page.count)
            recipe.data[frames[change.region - 2]] = page
        }
        return recipe
    }
}
