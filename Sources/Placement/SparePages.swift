// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// The pinned pages in which nothing is in place, given out one after the other: first where nothing
/// belongs, then what is filled in any case, then what must be zero and is.
struct SparePages {
    private static let order: [OwnedParts.Use] = [
        .clean, .filledLater(DestinationMap.poisonByte), .filledLater(0),
    ]

    private let all: OwnedParts
    private var parts: OwnedParts
    private var number = 0
    private var rest: IndexedRun?
    private var position = PageFrame(0)

    init(_ parts: OwnedParts) {
        all = parts
        self.parts = parts
    }

    /// Up to `count` pages in consecutive frames; nil when no more are left.
    mutating func take(_ count: UInt64) -> (run: IndexedRun, use: OwnedParts.Use)? {
        guard let part = rest ?? nextPart() else { return nil }
        let taken = FrameRange(part.frames.lower, count: min(count, part.frames.count))
        let left = FrameRange(taken.upper, part.frames.upper)
        rest = left.isEmpty ? nil : part.clipped(to: left)
        position = taken.upper
        return (part.clipped(to: taken), Self.order[number])
    }

    /// All pages below this one that are filled with `byte` in the end were given out, and no more.
    func end(ofFilledWith byte: UInt8) -> PageFrame {
        let place = Self.order.firstIndex(of: .filledLater(byte))!
        return place < number ? .limit : place == number ? position : PageFrame(0)
    }

    private mutating func nextPart() -> IndexedRun? {
        while number < Self.order.count {
            while let part = parts.next() {
                if part.use == Self.order[number] { return part.run }
            }
            number += 1
            parts = all
            position = PageFrame(0)
        }
        return nil
    }
}
