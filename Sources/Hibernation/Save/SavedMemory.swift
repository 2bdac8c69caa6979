// SPDX-License-Identifier: GPL-2.0-or-later

import CoreDump
import KresumeImage
import LinuxPlatform
import PhysicalMemory

/// A's memory as the saver kernel sees it, in /proc/vmcore.
struct SavedMemory: Sendable {
    /// Some of it, in one piece.
    struct Part: Sendable {
        var frames: FrameRange
        /// Of its first byte in the file.
        var fileOffset: UInt64
    }

    private let file: CoreFile
    private let segments: [ELFCore.Segment]

    init() throws {
        file = try CoreFile(open: CoreFile.vmcore)
        let start = try file.readBytes(at: 0, count: ELFCore.fileHeaderSize)
        let headers = try file.readBytes(at: 0, count: ELFCore.headerSize(of: start))
        segments = try ELFCore(parsing: headers).memory(fileSize: file.size)
        for segment in segments where segment.memory != segment.memory.wholeFrames.physicalRange {
            throw SaveError.unalignedMemory(segment.memory)
        }
    }

    var frames: FrameSet { FrameSet(segments.map(\.memory.wholeFrames)) }

    /// Throws where some of A's memory is not shown, or some that is not A's. The saver's own
    /// memory is A's too, but A keeps what was there and puts it back itself; the first page is
    /// the BIOS's.
    func requireAll(of machine: MachineRecord) throws {
        let expected = SavedMemory.expected(machine.memoryMap).subtracting(machine.jump.saverMemory)
        let difference = expected.subtracting(frames).union(frames.subtracting(expected))
        if let range = difference.ranges.first { throw SaveError.otherMemory(range) }
    }

    /// What A asks the saver to save, the saver's own memory included: all that the firmware calls
    /// RAM, also what A keeps reserved.
    static func expected(_ map: MemoryMap) -> FrameSet {
        map.ram.subtracting(FrameRange(PageFrame(0), count: 1))
    }

    /// All of it, ascending, in parts of at most `pages` pages.
    func parts(ofPages pages: UInt64) -> [Part] {
        segments.flatMap { segment in
            let frames = segment.memory.wholeFrames
            return stride(from: 0, to: frames.count, by: Int(pages)).map { first in
                Part(
                    frames: FrameRange(
                        frames.lower + first, count: min(pages, frames.count - first)),
                    fileOffset: segment.fileOffset + first * UInt64(PageFrame.size))
            }
        }
    }

    func window(_ part: Part) throws -> CoreWindow {
        try file.window(at: part.fileOffset, count: Int(part.frames.count) * PageFrame.size)
    }
}
