// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import CHandoff
import PhysicalMemory

@testable import Placement

/// An array that stands for physical memory: one word for a page's contents, and what the
/// hand-off code does to it.
struct SimulatedMemory {
    /// Word per frame. 0 is a zero page.
    var pages: [UInt64]
    private let handoff: FrameRange
    /// The pages of the list, as long as nothing else was written to them.
    private var list: [PageFrame: [UInt8]] = [:]

    /// What memory holds when the restore kernel is gone: rubbish, except in owned frames, which
    /// were zero when they were pinned, and into which the image's pages and the list were written.
    init(_ placement: Placement, owned: [IndexedRun], frameCount: Int, image: [UInt64]) {
        handoff = placement.handoff.frames
        pages = (0..<frameCount).map { 0xdead_0000 + UInt64($0) }
        var frameOfSlot = [Int](repeating: 0, count: Int(owned.pageCount))
        for run in owned {
            for offset in 0..<Int(run.frames.count) {
                frameOfSlot[run.firstIndex + offset] = Int(run.frames.lower.rawValue) + offset
                pages[Int(run.frames.lower.rawValue) + offset] = 0
            }
        }
        for extent in placement.extents {
            for offset in 0..<extent.pageCount {
                pages[frameOfSlot[extent.firstSlot + offset]] =
                    image[extent.firstStreamIndex + offset]
            }
        }
        placement.list.forEachPage { slot, bytes in
            list[PageFrame(UInt64(frameOfSlot[slot]))] = bytes
            // A page of the image that waits in the same place is lost.
            pages[frameOfSlot[slot]] = 0x1157_0000
        }
        // relocate_kernel copies the block to its place, whoever owned it.
        for frame in handoff.lower.rawValue..<handoff.upper.rawValue {
            pages[Int(frame)] = 0xc0de_0000
            list[PageFrame(frame)] = nil
        }
    }

    /// Carries out the list as it is in memory, move by move. False where it is damaged, or a move
    /// touches the block or leaves memory, which on a real machine would be the end of it.
    mutating func execute(from address: PhysicalAddress) -> Bool {
        var address = address
        while address.rawValue != 0 {
            var move = 0
            while true {
                guard address.rawValue % 4096 == 0, let page = list[address.frame] else {
                    return false
                }
                let bytes = page.span.bytes
                if move == Int(bytes.u32(at: Int(LIST_COUNT))) {
                    let fill = UInt64(bytes.u32(at: Int(LIST_FILL)))
                    write(fill * 0x0101_0101_0101_0101, to: address.frame)
                    address = PhysicalAddress(bytes.u64(at: Int(LIST_NEXT)))
                    break
                }
                let offset = Int(LIST_MOVES) + move * Int(MOVE_SIZE)
                guard
                    carryOut(
                        from: bytes.u64(at: offset + Int(MOVE_SOURCE)),
                        to: PageFrame(bytes.u64(at: offset + Int(MOVE_DESTINATION)) >> 12),
                        count: bytes.u64(at: offset + Int(MOVE_PAGES)))
                else { return false }
                move += 1
            }
        }
        return true
    }

    private mutating func carryOut(
        from source: UInt64, to destination: PageFrame, count: UInt64
    ) -> Bool {
        let destination = FrameRange(destination, count: count)
        guard !destination.overlaps(handoff), destination.upper.rawValue <= UInt64(pages.count)
        else { return false }
        for page in 0..<count {
            write(
                source < 4096
                    ? source * 0x0101_0101_0101_0101 : pages[Int(source >> 12 + page)],
                to: destination.lower + page)
        }
        return true
    }

    private mutating func write(_ word: UInt64, to frame: PageFrame) {
        pages[Int(frame.rawValue)] = word
        list[frame] = nil
    }
}
