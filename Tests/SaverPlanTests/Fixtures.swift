// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import TestSupport

@testable import LinuxBoot
@testable import SaverPlan

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
