// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import LinuxBoot
import PhysicalMemory

/// The last segment of the region, from its lower end, each part in pages of its own: purgatory,
/// boot_params, command line, elfcorehdr, notes.
///
/// The saver kernel has copied the first three before it uses its memory; the other two it reads
/// later, and they are reserved in its memory map.
struct SaverTables {
    let savedMemory: FrameSet
    private var commandLine: SaverCommandLine
    private let notes: [UInt8]
    /// In pages, from the segment's beginning.
    private let elfcorehdrPage: UInt64
    private let notesPage: UInt64
    let pageCount: UInt64

    private static let bootParametersPage: UInt64 = 1
    private static let commandLinePage: UInt64 = 2

    init(_ input: SaverPlan.Input) throws(BootProtocolError) {
        savedMemory = input.memory.subtracting(FrameSet([input.lowMemory, input.region]))
        commandLine = try SaverCommandLine(
            from: input.commandLine, adding: input.addedOptions, panicGuard: input.panicGuard,
            limit: input.kernel.commandLineLimit)
        guard isOneNote(input.vmcoreInfoNote) else {
            throw .invalidNote(size: input.vmcoreInfoNote.count)
        }
        let terminator = [UInt8](repeating: 0, count: ELFCoreHeader.noteTerminatorSize)
        notes = input.vmcoreInfoNote + terminator
        elfcorehdrPage =
            SaverTables.commandLinePage + UInt64(commandLine.bytes.count.units(of: PageFrame.size))
        let headerSize = ELFCoreHeader.size(rangeCount: savedMemory.ranges.count)
        notesPage = elfcorehdrPage + UInt64(headerSize.units(of: PageFrame.size))
        pageCount = notesPage + UInt64(notes.count.units(of: PageFrame.size))
    }

    struct Placed {
        var bytes: [UInt8]
        var entry: PhysicalAddress
        var memoryMap: MemoryMap
        var commandLine: String
    }

    /// The segment's bytes once its place is known. Requires `pageCount` frames.
    func placed(
        in layout: SaverLayout, for input: SaverPlan.Input
    ) throws(BootProtocolError) -> Placed {
        let frames = layout.tables
        let initrd = PhysicalRange(
            layout.guardArchive.lower.address,
            PhysicalAddress(layout.initrd.lower.address.rawValue + input.initrdSize))
        let address = { (page: UInt64) in (frames.lower + page).address }
        let offset = { (page: UInt64) in Int(page) * PageFrame.size }

        var commandLine = commandLine
        commandLine.setElfcorehdr(address(elfcorehdrPage))
        commandLine.setCrashMemory(layout.crashMemory.lower.address)
        let memoryMap = MemoryMap.saver(
            lowMemory: input.lowMemory, region: input.region,
            tables: FrameRange(frames.lower + elfcorehdrPage, frames.upper),
            firmware: input.firmwareMap)
        var parameters = BootParameters(for: input.kernel)
        try parameters.setMachine(from: input.bootParameters, rsdp: input.rsdp)
        try parameters.setMemoryMap(memoryMap)
        parameters.setCommandLine(address(SaverTables.commandLinePage))
        if !initrd.isEmpty { parameters.setInitrd(initrd) }

        let notesStart = address(notesPage)
        let core = try ELFCoreHeader.bytes(
            notes: PhysicalRange(
                notesStart, PhysicalAddress(notesStart.rawValue + UInt64(notes.count))),
            memory: savedMemory)
        let digits =
            address(SaverTables.commandLinePage).rawValue + UInt64(commandLine.jumpBackDigits)
        let purgatory = PurgatoryParameters(
            bootParameters: address(SaverTables.bootParametersPage),
            kernelEntry: PhysicalAddress(
                input.region.lower.address.rawValue + BzImage.entryOffset),
            jumpBackDigits: PhysicalAddress(digits), debugPort: input.debugPort,
            jumpBackWord: input.panicGuard.map {
                let archive = layout.guardArchive.lower.address.rawValue
                return PhysicalAddress(archive + UInt64($0.entryOffsetInArchive))
            })

        var bytes = [UInt8](repeating: 0, count: offset(pageCount))
        bytes.store(input.purgatory, at: 0)
        bytes.store(purgatory.bytes, at: 0)
        bytes.store(parameters.bytes, at: offset(SaverTables.bootParametersPage))
        bytes.store(commandLine.bytes, at: offset(SaverTables.commandLinePage))
        bytes.store(core, at: offset(elfcorehdrPage))
        bytes.store(notes, at: offset(notesPage))
        return Placed(
            bytes: bytes,
            entry: PhysicalAddress(
                frames.lower.address.rawValue + UInt64(PurgatoryParameters.entryOffset)),
            memoryMap: memoryMap,
            commandLine: String(decoding: commandLine.bytes.dropLast(), as: UTF8.self))
    }
}

/// Whether header, name and descriptor, each padded to four bytes, are exactly all of it.
private func isOneNote(_ bytes: [UInt8]) -> Bool {
    guard let nameSize = bytes.integer(at: 0, as: UInt32.self), nameSize > 0,
        let descriptorSize = bytes.integer(at: 4, as: UInt32.self)
    else { return false }
    let padded = { (size: UInt32) in (UInt64(size) + 3) & ~3 }
    return 12 + padded(nameSize) + padded(descriptorSize) == UInt64(bytes.count)
}
