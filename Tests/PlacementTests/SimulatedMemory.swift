// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

@testable import Placement

/// An array that stands for physical memory: one word for a page's contents, and what the
/// hand-off code does to it.
struct SimulatedMemory {
    /// Word per frame. 0 is a zero page.
    var pages: [UInt64]
    /// The bytes of the hand-off block, which lies over `handoff`.
    private let handoff: FrameRange
    private let block: [UInt8]

    /// What memory holds when the restore kernel is gone: rubbish, except in owned frames, which
    /// were zero when they were pinned, and into which the image's pages were read.
    init(_ placement: Placement, owned: [IndexedRun], frameCount: Int, image: [UInt64]) {
        pages = (0..<frameCount).map { 0xdead_0000 + UInt64($0) }
        var frameOfSlot: [Int: Int] = [:]
        for run in owned {
            for offset in 0..<Int(run.frames.count) {
                frameOfSlot[run.firstIndex + offset] = Int(run.frames.lower.rawValue) + offset
                pages[Int(run.frames.lower.rawValue) + offset] = 0
            }
        }
        for extent in placement.extents {
            for offset in 0..<extent.pageCount {
                pages[frameOfSlot[extent.firstSlot + offset]!] =
                    image[extent.firstStreamIndex + offset]
            }
        }
        handoff = placement.handoff.frames
        block = placement.handoff.bytes(code: [0x90])
        // relocate_kernel copies the block to its place, whoever owned it.
        for frame in handoff.lower.rawValue..<handoff.upper.rawValue {
            pages[Int(frame)] = 0xc0de_0000
        }
    }

    /// Carries out the list as it is in the block's bytes. False where a move touches the block
    /// itself or leaves memory, which on a real machine would be the end of it.
    mutating func execute(movesAt address: PhysicalAddress, count: Int) -> Bool {
        var offset = Int(address.rawValue - handoff.lower.address.rawValue)
        for _ in 0..<count {
            let words = (0..<3).map { word in
                (0..<8).reduce(UInt64(0)) { sum, byte in
                    sum | UInt64(block[offset + word * 8 + byte]) << UInt64(byte * 8)
                }
            }
            offset += 24
            let destination = FrameRange(PageFrame(words[1] >> 12), count: words[2])
            guard !destination.overlaps(handoff), destination.upper.rawValue <= UInt64(pages.count)
            else { return false }
            for page in 0..<Int(words[2]) {
                let word =
                    words[0] < 4096
                    ? words[0] * 0x0101_0101_0101_0101 : pages[Int(words[0] >> 12) + page]
                pages[Int(words[1] >> 12) + page] = word
            }
        }
        return true
    }
}
