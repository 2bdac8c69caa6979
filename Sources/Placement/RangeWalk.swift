// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// Looks frames up among ranges, frame after frame upwards; both are walked once.
struct RangeWalk<Element: HasFrames> {
    private let elements: [Element]
    private var next = 0

    /// - Parameter elements: ascend, and are disjoint.
    init(_ elements: [Element]) { self.elements = elements }

    /// The element that holds `frame`, if one does, and up to where that stays so.
    ///
    /// - Parameter frame: no less than the one before.
    mutating func step(to frame: PageFrame) -> (element: Element?, end: PageFrame) {
        while next < elements.count, elements[next].frames.upper <= frame { next += 1 }
        guard next < elements.count else { return (nil, .limit) }
        let frames = elements[next].frames
        return frame < frames.lower ? (nil, frames.lower) : (elements[next], frames.upper)
    }
}

protocol HasFrames {
    var frames: FrameRange { get }
}

extension IndexedRun: HasFrames {}

extension FrameRange: HasFrames {
    var frames: FrameRange { self }
}
