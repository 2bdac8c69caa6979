// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

@testable import BootProtocol

/// A kernel's file with a setup header and nothing that runs: 3 setup sectors, 32 KiB to load.
func kernelFile() -> [UInt8] {
    var file = [UInt8](repeating: 0, count: 4 * 512 + 32768)
    file.store(UInt8(3), at: 0x1f1)
    file.store(UInt32(32768 / 16), at: 0x1f4)
    file.store(UInt16(0xaa55), at: 0x1fe)
    file.store([0xeb, 0x6a], at: 0x200)
    file.store(Array("HdrS".utf8), at: 0x202)
    file.store(UInt16(0x20f), at: 0x206)
    file.store(UInt16(0x300), at: 0x20e)
    file.store(UInt8(1), at: 0x211)
    file.store(UInt32(2 << 20), at: 0x230)
    file.store(UInt8(1), at: 0x234)
    file.store(UInt16(0x23), at: 0x236)
    file.store(UInt32(2047), at: 0x238)
    file.store(UInt64(0xbad), at: 0x250)
    file.store(UInt64(16 << 20), at: 0x258)
    file.store(UInt32(19 << 20), at: 0x260)
    file.store(Array("6.12.0-test (nobody) #1\0".utf8), at: 0x500)
    return file
}

func kernel() throws -> BzImage {
    let file = kernelFile()
    return try BzImage(parsing: file, fileSize: UInt64(file.count))
}

func entry(_ start: UInt64, _ end: UInt64, _ type: MemoryType = .ram) -> MemoryMap.Entry {
    MemoryMap.Entry(PhysicalRange(PhysicalAddress(start), PhysicalAddress(end)), type)
}

func frames(_ start: UInt64, _ end: UInt64) -> FrameRange {
    FrameRange(PhysicalAddress(start).frame, PhysicalAddress(end).frame)
}

/// A machine with 768 MiB, as QEMU's BIOS tells it.
let firmwareMap = MemoryMap([
    entry(0, 0x9_fc00), entry(0x9_fc00, 0xa_0000, .reserved), entry(0xf_0000, 0x10_0000, .reserved),
    entry(0x10_0000, 0x2ffd_f000), entry(0x2ffd_f000, 0x3000_0000, .acpi),
    entry(0xfffc_0000, 0x1_0000_0000, .reserved),
])

/// An ELF note "VMCOREINFO".
func vmcoreInfoNote(_ text: String = "OSRELEASE=6.12.0-test\nPAGESIZE=4096\n") -> [UInt8] {
    let size = text.utf8.count
    var note = [UInt8](repeating: 0, count: 12 + 12 + (size + 3) & ~3)
    note.store(UInt32(11), at: 0)
    note.store(UInt32(size), at: 4)
    note.store(Array("VMCOREINFO".utf8), at: 12)
    note.store(Array(text.utf8), at: 24)
    return note
}

/// Everything that a plan needs, on that machine.
func planInput() throws -> SaverPlan.Input {
    SaverPlan.Input(
        kernel: try kernel(), initrdSize: 3_000_001, region: frames(0x2000_0000, 0x2600_0000),
        lowMemory: frames(0x1000, 0x9_f000), firmwareMap: firmwareMap, memory: firmwareMap.ram,
        bootParameters: [UInt8](repeating: 0x5a, count: 4096),
        commandLine: KernelCommandLine(parsing: "console=ttyS0 root=/dev/vda2 ro quiet"),
        addedOptions: KernelCommandLine(parsing: "kresume.save=0123"),
        vmcoreInfoNote: vmcoreInfoNote(),
        purgatory: [UInt8](repeating: 0xcc, count: 300))
}
