// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import PhysicalMemory

/// What A loads by kexec to start the saver kernel: where each part lies and what it holds.
///
/// Whatever the saver kernel may write to is a segment: the kernel of A swaps segment pages with
/// backup pages on the way there and again on the way back. The segments therefore tile the region
/// without a gap, from its lower end: kernel, initrd, and the tables of `SaverTables`; and one more
/// covers the low memory.
package struct SaverPlan: Sendable {
    /// All that the plan depends on. It holds no contents of files but their sizes.
    package struct Input: Sendable {
        package var kernel: BzImage
        /// In bytes; 0 for none.
        package var initrdSize: UInt64
        /// From `SaverRegion.choose`.
        package var region: FrameRange
        /// From `SaverRegion.lowMemory`.
        package var lowMemory: FrameRange
        package var firmwareMap: MemoryMap
        /// A's memory. The plan leaves region and low memory out of /proc/vmcore: A's contents of
        /// them are in the backup pages by then.
        package var memory: FrameSet
        /// /sys/kernel/boot_params/data of A.
        package var bootParameters: [UInt8]
        /// From the EFI system table; nil takes the one in `bootParameters`.
        package var rsdp: PhysicalAddress?
        package var commandLine: KernelCommandLine
        package var addedOptions: KernelCommandLine
        /// One ELF note, with its header and padding.
        package var vmcoreInfoNote: [UInt8]
        /// CHandoff's purgatory.
        package var purgatory: [UInt8]
        /// See purgatory.h; 0 for none.
        package var debugPort: UInt16
        /// Nil: a panic is the end of A.
        package var panicGuard: PanicGuard?

        package init(
            kernel: BzImage, initrdSize: UInt64, region: FrameRange, lowMemory: FrameRange,
            firmwareMap: MemoryMap, memory: FrameSet, bootParameters: [UInt8],
            rsdp: PhysicalAddress? = nil, commandLine: KernelCommandLine,
            addedOptions: KernelCommandLine = KernelCommandLine(), vmcoreInfoNote: [UInt8],
            purgatory: [UInt8], debugPort: UInt16 = 0, panicGuard: PanicGuard? = nil
        ) {
            self.kernel = kernel
            self.initrdSize = initrdSize
            self.region = region
            self.lowMemory = lowMemory
            self.firmwareMap = firmwareMap
            self.memory = memory
            self.bootParameters = bootParameters
            self.rsdp = rsdp
            self.commandLine = commandLine
            self.addedOptions = addedOptions
            self.vmcoreInfoNote = vmcoreInfoNote
            self.purgatory = purgatory
            self.debugPort = debugPort
            self.panicGuard = panicGuard
        }
    }

    package struct Segment: Sendable {
        package enum Source: Hashable, Sendable {
            /// Bytes of the kernel's file.
            case kernel(offset: UInt64, size: UInt64)
            /// What the guard makes of ``SaverPlan/crashMemory``.
            case guardArchive
            /// The whole initrd.
            case initrd(size: UInt64)
            case bytes([UInt8])
            /// Nothing: the kernel fills with zeroes what a source does not cover.
            case none
        }

        package var source: Source
        package var frames: FrameRange
    }

    /// Ascending.
    package let segments: [Segment]
    /// The purgatory's.
    package let entry: PhysicalAddress
    /// What the saver kernel will find in /proc/vmcore.
    package let savedMemory: FrameSet
    /// What the saver kernel is told of the memory.
    package let memoryMap: MemoryMap
    /// The saver kernel's, with zeroes for the jump-back entry.
    package let commandLine: String
    /// Where the saver kernel puts its crash kernel; empty where there is no guard.
    package let crashMemory: FrameRange

    package init(_ input: Input) throws(BootProtocolError) {
        try SaverPlan.check(input)
        let tables = try SaverTables(input)
        let layout = try SaverLayout(input, tablePages: tables.pageCount)
        let placed = try tables.placed(in: layout, for: input)

        var segments = [
            Segment(source: .none, frames: input.lowMemory),
            Segment(
                source: .kernel(offset: input.kernel.loadedOffset, size: input.kernel.loadedSize),
                frames: layout.kernel),
        ]
        if !layout.guardArchive.isEmpty {
            segments.append(Segment(source: .guardArchive, frames: layout.guardArchive))
        }
        if input.initrdSize > 0 {
            segments.append(
                Segment(source: .initrd(size: input.initrdSize), frames: layout.initrd))
        }
        segments.append(Segment(source: .bytes(placed.bytes), frames: layout.tables))
        self.segments = segments
        entry = placed.entry
        savedMemory = tables.savedMemory
        memoryMap = placed.memoryMap
        commandLine = placed.commandLine
        crashMemory = layout.crashMemory
    }

    /// The region may come from elsewhere than `SaverRegion`.
    private static func check(_ input: Input) throws(BootProtocolError) {
        let region = input.region
        let low = input.lowMemory
        let ram = input.firmwareMap.ram
        guard !low.isEmpty, low.upper <= PageFrame(1 << 8), ram.contains(low) else {
            throw .lowMemoryUnusable(low)
        }
        guard !region.isEmpty, region.upper <= SaverRegion.ceiling, ram.contains(region),
            region.lower.address.rawValue % input.kernel.alignment == 0,
            region.lower.address >= input.kernel.preferredAddress, !region.overlaps(low)
        else { throw .regionUnusable(region) }
        guard input.purgatory.count > PurgatoryParameters.entryOffset,
            input.purgatory.count <= PageFrame.size
        else { throw .invalidPurgatory(size: input.purgatory.count) }
        if let length = input.panicGuard?.initPath.utf8.count, length >= PanicGuard.initSize {
            throw .initPathTooLong(length: length, limit: PanicGuard.initSize - 1)
        }
    }
}
