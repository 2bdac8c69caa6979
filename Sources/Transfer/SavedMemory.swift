// SPDX-License-Identifier: GPL-2.0-or-later

import ELFCore
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import StoppedKernel

/// A's memory as the saver kernel sees it, in /proc/vmcore.
package struct SavedMemory: Sendable {
    /// Some of what is to be saved, near enough to be looked at through one window.
    package struct Part: Sendable {
        /// Ascending; with what is left out between them.
        package var frames: [FrameRange]
        /// Of the first one's first byte in the file.
        package var fileOffset: UInt64

        package var pageCount: UInt64 { frames.reduce(0) { $0 + $1.count } }
    }

    private let file: CoreFile
    private let core: ELFCore
    private let segments: [ELFCore.Segment]

    package init(_ machine: some MemoryAccess) throws {
        file = try machine.openCore(CoreFile.vmcore)
        let start = try file.readBytes(at: 0, count: ELFCore.fileHeaderSize)
        let headers = try file.readBytes(at: 0, count: ELFCore.headerSize(of: start))
        core = try ELFCore(parsing: headers)
        segments = try core.memory(fileSize: file.size)
        for segment in segments where segment.memory != segment.memory.wholeFrames.physicalRange {
            throw TransferError.unalignedMemory(segment.memory)
        }
    }

    package var frames: FrameSet { FrameSet(segments.map(\.memory.wholeFrames)) }

    /// Throws where some of A's memory is not shown, or some that is not A's. The saver's own
    /// memory is A's too, but A keeps what was there and puts it back itself; the first page is
    /// the BIOS's.
    package func requireAll(of image: PreparedImage) throws {
        let expected = SavedMemory.expected(image.memory)
            .subtracting(image.machine.jump.saverMemory)
        let difference = expected.subtracting(frames).union(frames.subtracting(expected))
        if let range = difference.ranges.first { throw TransferError.otherMemory(range) }
    }

    /// What A asks the saver to save of `memory`, the saver's own included: all that the firmware calls
    /// RAM, also what A keeps reserved, and perhaps where ACPI's tables are.
    package static func expected(_ memory: FrameSet) -> FrameSet {
        memory.subtracting(FrameRange(PageFrame(0), count: 1))
    }

    /// What A says of its own layout.
    package func kernelInfo() throws -> VMCoreInfo {
        guard let range = core.notes else { throw CoreDumpError.noVMCoreInfo }
        let notes = try ELFNote.parse(file.readBytes(at: range.lowerBound, count: range.count))
        return VMCoreInfo(parsing: try VMCoreInfo.note(in: notes).descriptor)
    }

    /// Nil where not all of it is A's memory, or it cannot be read.
    package func bytes(at address: PhysicalAddress, count: Int) -> [UInt8]? {
        for segment in segments where segment.memory.start <= address {
            let skipped = address.rawValue - segment.memory.start.rawValue
            guard skipped < segment.memory.size,
                UInt64(count) <= segment.memory.size - skipped
            else { continue }
            return try? file.readBytes(at: segment.fileOffset + skipped, count: count)
        }
        return nil
    }

    /// What A has left in its message page; nil where that is no message.
    package func message(_ page: PhysicalAddress) -> MessagePage? {
        bytes(at: page, count: PageFrame.size)?.withUnsafeBytes { MessagePage($0) }
    }

    /// All of it but `omitted`, ascending, in parts of at most `pages` pages.
    package func parts(ofPages pages: UInt64, without omitted: FrameSet) -> [Part] {
        segments.flatMap { segment in
            let whole = segment.memory.wholeFrames
            return FrameSet([whole]).subtracting(omitted).gathered(by: pages).map { frames in
                let skipped = frames[0].lower.rawValue - whole.lower.rawValue
                return Part(
                    frames: frames,
                    fileOffset: segment.fileOffset + skipped * UInt64(PageFrame.size))
            }
        }
    }

    package func window(_ part: Part) throws -> CoreWindow {
        let first = part.frames[0].lower.rawValue
        let end = part.frames[part.frames.count - 1].upper.rawValue
        return try file.window(
            at: part.fileOffset, count: Int(end - first) * PageFrame.size)
    }
}

extension FrameSet {
    /// The ranges in groups of at most `pages` pages, cut where need be. A group spans at most
    /// four times that.
    fileprivate func gathered(by pages: UInt64) -> [[FrameRange]] {
        var groups: [[FrameRange]] = []
        var group: [FrameRange] = []
        var room = pages
        for range in ranges {
            var rest = range
            while !rest.isEmpty {
                if let first = group.first,
                    room == 0 || rest.lower.rawValue - first.lower.rawValue > 3 * pages
                {
                    groups.append(group)
                    group = []
                    room = pages
                }
                let count = min(room, rest.count)
                group.append(FrameRange(rest.lower, count: count))
                room -= count
                rest.lower = rest.lower + count
            }
        }
        if !group.isEmpty { groups.append(group) }
        return groups
    }
}
