// SPDX-License-Identifier: GPL-2.0-or-later

import ELFCore
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import StoppedKernel

/// A's memory as the saver kernel sees it, in /proc/vmcore.
package struct SavedMemory: Sendable {
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
        offset(of: address, count: count).flatMap { try? file.readBytes(at: $0, count: count) }
    }

    /// The same, in place.
    package func view(
        at address: PhysicalAddress, count: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        guard let offset = offset(of: address, count: count),
            let window = try? file.window(at: offset, count: count)
        else { return false }
        body(window.bytes)
        return true
    }

    /// In the file; nil where not all of it is A's memory.
    private func offset(of address: PhysicalAddress, count: Int) -> UInt64? {
        for segment in segments where segment.memory.start <= address {
            let skipped = address.rawValue - segment.memory.start.rawValue
            guard skipped < segment.memory.size,
                UInt64(count) <= segment.memory.size - skipped
            else { continue }
            return segment.fileOffset + skipped
        }
        return nil
    }

    /// What A has left in its message page; nil where that is no message.
    package func message(_ page: PhysicalAddress) -> MessagePage? {
        bytes(at: page, count: PageFrame.size)?.withUnsafeBytes { MessagePage($0) }
    }

    /// All of it. Ranges that touch may be apart in the file.
    package var pages: PageKinds { PageKinds(segments.map(\.memory.wholeFrames)) }

    /// All of `range`, which is in one range of ``pages``.
    func window(_ range: FrameRange) throws -> CoreWindow {
        try file.window(at: offset(of: range), count: Int(range.physicalRange.size))
    }

    /// The same, but nil where it cannot be mapped.
    func mapping(_ range: FrameRange) throws -> CoreWindow? {
        try file.mapping(at: offset(of: range), count: Int(range.physicalRange.size))
    }

    /// `pageCount` pages from the first of `range` on, or as many as there are in a row; all of `range` in
    /// any case.
    func stretch(from range: FrameRange, pageCount: UInt64) throws -> FrameRange {
        let segment = segments.first { $0.memory.wholeFrames.contains(range.lower) }
        guard let end = segment?.memory.wholeFrames.upper else {
            throw TransferError.otherMemory(range)
        }
        return FrameRange(range.lower, max(range.upper, min(range.lower + pageCount, end)))
    }

    private func offset(of range: FrameRange) throws -> UInt64 {
        let memory = range.physicalRange
        guard let offset = core.fileOffset(of: memory.start, count: memory.size) else {
            throw TransferError.otherMemory(range)
        }
        return offset
    }
}
