// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import ELFCore
import LinuxBoot
import LinuxPlatform
import PhysicalMemory
import Restore
import SaverPlan
import SystemPackage
import Transfer

/// Puts the saver kernel into memory, ready to be jumped to.
struct LoadSaver {
    var kernel: FilePath
    var initrd: FilePath
    /// What the saver kernel has to live in, in bytes; nil: what it is expected to need.
    var memorySize: UInt64?
    /// More options for the saver's command line.
    var append: KernelCommandLine
    /// Whether its initramfs is to unlock what this one's has.
    var unlocks: Bool
    var compression: ImageCompression
    var debugPort: UInt16
    let machine: any Machine

    private static let fileLimit = 1 << 30
    private static let panicReason =
        "the saver kernel panicked, or its init ended (see its last messages on the console)"

    /// Where the saver will live, for the image to record.
    struct Place {
        var region: FrameRange
        var lowMemory: FrameRange

        var frames: FrameSet { FrameSet([region, lowMemory]) }
    }

    /// Files read and place found; nothing is loaded yet.
    struct Ready: ~Copyable {
        let place: Place
        /// What the saver kernel gets, in bytes.
        let memorySize: UInt64
        /// What it is expected to need.
        let expected: SaverMemory
        /// What is to be saved beside RAM.
        let acpiData: FrameSet

        /// What loading takes, in bytes: kexec_load sets aside as much as it is to swap. Short of
        /// that, it is the OOM killer that answers, not an error.
        var memoryNeeded: UInt64 { SaverRegion.memoryNeeded(forSize: memorySize) }

        /// Throws where it would get less than it is expected to need.
        func requireEnough() throws {
            guard memorySize < expected.size else { return }
            throw HibernateError.saverMemoryTooSmall(memorySize, needed: expected.size)
        }

        fileprivate let cpuCount: Int
        fileprivate let kernel: BzImage
        fileprivate let kernelBytes: [UInt8]
        fileprivate let initrdBytes: [UInt8]
        fileprivate let firmwareMap: MemoryMap
    }

    func prepare() throws -> Ready {
        let kernelBytes = try machine.file(kernel, limit: Self.fileLimit)
        try machine.throwIfInterrupted()
        let initrdBytes = try machine.file(initrd, limit: Self.fileLimit)
        let image = try BzImage(parsing: kernelBytes, fileSize: UInt64(kernelBytes.count))
        let map = try MachineFacts.firmwareMap(machine)
        let resources = try machine.resources()

        try requireAllMemoryKnown(map, resources)
        if try machine.pagingDepth() == .five, !image.startsInFiveLevelPaging {
            throw HibernateError.saverWithoutFiveLevels
        }
        // Which page gets the message makes no difference.
        let wayBack = WayBackBlock(
            try KexecJumpCode.required(), mapping: map.ram, messagePage: PageFrame(1),
            pagingDepth: .four)
        let initramfs = InitramfsSize(of: initrdBytes)
        if initramfs.isCut { throw HibernateError.initramfsCut(initrd) }
        let cpuCount = try machine.presentCPUs()
        let expected = SaverMemory(
            kernel: image, initramfs: initramfs, initrdSize: UInt64(initrdBytes.count),
            guardSize: wayBack.pageCount * UInt64(PageFrame.size), cpuCount: cpuCount,
            ram: map.ram.count * UInt64(PageFrame.size),
            level: compression.zstandardLevel,
            keySlots: unlocks ? try keySlotMemory() : nil)
        let memorySize = self.memorySize ?? expected.size
        let needed = SaverRegion.memoryNeeded(forSize: memorySize)
        let available = try machine.memory().available
        if available < needed {
            throw HibernateError.notEnoughMemory(needed: needed, available: available)
        }
        let choose = { (avoided: FrameSet) in
            SaverRegion.choose(
                size: memorySize, for: image, firmwareMap: map, resources: resources,
                avoiding: avoided)
        }
        // Only a wish: without it free pages are saved too.
        let footprint = try? RunningKernel(machine).freePageFootprint(
            of: SavedMemory.expected(map.ram))
        guard let region = footprint.flatMap(choose) ?? choose(FrameSet()) else {
            throw HibernateError.noRegion(size: memorySize)
        }
        guard let low = SaverRegion.lowMemory(firmwareMap: map, resources: resources) else {
            throw HibernateError.noLowMemory
        }
        return Ready(
            place: Place(region: region, lowMemory: low), memorySize: memorySize,
            expected: expected, acpiData: try ACPIData.saved(map, machine), cpuCount: cpuCount,
            kernel: image, kernelBytes: kernelBytes,
            initrdBytes: initrdBytes, firmwareMap: map)
    }

    /// What the initramfs needs to unlock any device that is unlocked here: it knows best which it
    /// does unlock.
    private func keySlotMemory() throws -> UInt64 {
        var most: UInt64 = 0
        for path in try machine.unlockedDevices() {
            let device = try machine.open(path, .read, direct: false)
            let count = Int(min(device.size, UInt64(KeySlots.headerLimit)))
            most = max(most, KeySlots.memory(of: try device.readBytes(at: 0, count: count)))
        }
        return most
    }

    /// Memory that was added later is in /proc/iomem and not in the firmware's map, which is what
    /// is saved and restored by.
    private func requireAllMemoryKnown(
        _ map: MemoryMap, _ resources: [IOMemoryResource]
    ) throws {
        let ram = map.ram
        for resource in resources where resource.name.hasPrefix("System RAM") {
            if !ram.contains(resource.range.wholeFrames) {
                throw HibernateError.addedMemory(resource.range)
            }
        }
    }

    /// The files' contents are let go: they need not be in the image.
    func load(_ ready: consuming Ready, _ parameters: SaverParameters) throws {
        let line = KernelCommandLine(parsing: try machine.commandLine())
        let saverLine = (unlocks ? line : line.withoutUnlocking).quiet
        // A's entry may be anywhere in its RAM. The purgatory fills it in.
        let code = try KexecJumpCode.required()
        let wayBack = WayBackBlock(
            code, mapping: ready.firmwareMap.ram, messagePage: parameters.messagePage.frame,
            pagingDepth: parameters.pagingDepth, debugPort: debugPort)
        let panicGuard = PanicGuard(
            program: code.panicGuard,
            initPath: append.value(of: "rdinit") ?? line.value(of: "rdinit") ?? "/init",
            blockPages: wayBack.pageCount, entryOffset: code.entryOffset)
        let plan = try SaverPlan(
            .init(
                kernel: ready.kernel, initrdSize: UInt64(ready.initrdBytes.count),
                region: ready.place.region, lowMemory: ready.place.lowMemory,
                firmwareMap: ready.firmwareMap,
                memory: SavedMemory.expected(ready.firmwareMap.ram.union(ready.acpiData)),
                bootParameters: try machine.bootParameters(),
                rsdp: try machine.acpiRootPointer(),
                commandLine: saverLine,
                addedOptions: KernelCommandLine(
                    SaverMemory.options(cpuCount: ready.cpuCount, beside: line).options
                        + parameters.options.options + append.options),
                vmcoreInfoNote: try RunningKernel(machine).vmcoreInfoNote().bytes,
                purgatory: code.purgatory,
                debugPort: debugPort, panicGuard: panicGuard))
        let place = plan.crashMemory.lower
        let block = wayBack.bytes(
            at: place, message: MessagePage(.failed, Self.panicReason).bytes, afterPanic: true)
        let archive = panicGuard.archiveBytes(block, at: place)
        try ready.kernelBytes.withUnsafeBytes { kernel in
            try ready.initrdBytes.withUnsafeBytes { initrd in
                try archive.withUnsafeBytes { try load(plan, kernel, initrd, archive: $0) }
            }
        }
    }

    private func load(
        _ plan: SaverPlan, _ kernel: UnsafeRawBufferPointer, _ initrd: UnsafeRawBufferPointer,
        archive: UnsafeRawBufferPointer
    ) throws {
        // The tables' bytes must stay where they are during the call.
        let tables = plan.segments.compactMap { segment -> [UInt8]? in
            if case .bytes(let bytes) = segment.source { bytes } else { nil }
        }.flatMap { $0 }
        try tables.withUnsafeBytes { tables in
            let segments = plan.segments.map { segment in
                let range = segment.frames.physicalRange
                let buffer: UnsafeRawBufferPointer? =
                    switch segment.source {
                    case .kernel(let offset, let size):
                        UnsafeRawBufferPointer(rebasing: kernel[Int(offset)..<Int(offset + size)])
                    case .guardArchive: archive
                    case .initrd: initrd
                    case .bytes: tables
                    case .none: nil
                    }
                return KexecSegment(buffer: buffer, memory: range.start, memorySize: range.size)
            }
            try machine.loadKexec(
                entry: plan.entry, segments: segments, flags: [.preserveContext, .ownArchitecture])
        }
    }
}
