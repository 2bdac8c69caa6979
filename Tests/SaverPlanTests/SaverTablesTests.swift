// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import ELFCore
import PhysicalMemory
import StoppedKernel
import TestSupport
import Testing

@testable import LinuxBoot
@testable import SaverPlan

/// The last segment, with its bytes found by physical address.
private struct Tables {
    var bytes: [UInt8]
    var frames: FrameRange

    init(_ plan: SaverPlan) throws {
        let last = try #require(plan.segments.last)
        guard case .bytes(let bytes) = last.source else {
            throw BootProtocolError.regionUnusable(last.frames)
        }
        self.bytes = bytes
        frames = last.frames
    }

    func offset(of address: UInt64) throws -> Int {
        try #require(frames.contains(PhysicalAddress(address).frame))
        return Int(address - frames.lower.address.rawValue)
    }

    func integer<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _: T.Type) throws -> UInt64
    {
        UInt64(try #require(bytes.integer(at: offset, as: T.self)))
    }

    /// Of the saver kernel's boot_params.
    var bootParameters: [UInt8] { Array(bytes[4096..<8192]) }
}

@Suite struct SaverTablesTests {
    @Test func memoryMapOfTheSaver() throws {
        let plan = try SaverPlan(planInput())
        let tables = try Tables(plan)
        let elfcorehdr = tables.frames.lower.address.rawValue + 3 * 4096
        let expected = [
            entry(0x1000, 0x9_f000), entry(0x9_fc00, 0xa_0000, .reserved),
            entry(0xf_0000, 0x10_0000, .reserved), entry(0x2000_0000, elfcorehdr),
            entry(elfcorehdr, 0x2600_0000, .reserved), entry(0x2ffd_f000, 0x3000_0000, .acpi),
            entry(0xfffc_0000, 0x1_0000_0000, .reserved),
        ]
        #expect(plan.memoryMap.entries == expected)
        let parameters = tables.bootParameters
        #expect(parameters[0x1e8] == UInt8(expected.count))
        let written = (0..<expected.count).map { index -> MemoryMap.Entry in
            let offset = 0x2d0 + 20 * index
            let start = parameters.integer(at: offset, as: UInt64.self) ?? 0
            let size = parameters.integer(at: offset + 8, as: UInt64.self) ?? 0
            let type = parameters.integer(at: offset + 16, as: UInt32.self) ?? 0
            return entry(start, start + size, MemoryType(rawValue: type))
        }
        #expect(written == expected)
    }

    /// RAM of other kinds is kept away from the saver's drivers.
    @Test func kindsOfMemory() throws {
        var input = try planInput()
        input.firmwareMap.entries += [
            entry(0x1_0000_0000, 0x1_1000_0000, .persistent),
            entry(0x1_1000_0000, 0x1_2000_0000, .softReserved),
            entry(0x1_2000_0000, 0x1_2000_1000, .acpiNonVolatile),
            entry(0x2_0000_0000, 0x3_0000_0000),
        ]
        let tail = try SaverPlan(input).memoryMap.entries.suffix(2)
        #expect(
            Array(tail) == [
                entry(0xfffc_0000, 0x1_2000_0000, .reserved),
                entry(0x1_2000_0000, 0x1_2000_1000, .acpiNonVolatile),
            ])
    }

    @Test func bootParameters() throws {
        let plan = try SaverPlan(planInput())
        let tables = try Tables(plan)
        let parameters = tables.bootParameters
        // screen_info and acpi_rsdp_addr from A; efi_info not.
        #expect(parameters[0..<2] == [0x5a, 0x5a] && parameters[2..<4] == [0, 0])
        #expect(parameters[4..<0x40].allSatisfy { $0 == 0x5a })
        #expect(parameters[0x70..<0x78].allSatisfy { $0 == 0x5a })
        #expect(parameters[0x40..<0x70].allSatisfy { $0 == 0 })
        #expect(parameters[0x1c0..<0x1e0].allSatisfy { $0 == 0 })
        #expect(parameters[0x1ef] == 0, "the sentinel")
        // The setup header, but for what a boot loader sets.
        #expect(parameters[0x202..<0x206] == Array("HdrS".utf8)[...])
        #expect(parameters[0x210] == 0xff)
        #expect(parameters.integer(at: 0x250, as: UInt64.self) == 0)
        #expect(parameters.integer(at: 0x258, as: UInt64.self) == 16 << 20)

        let initrd = try #require(plan.segments.dropLast().last)
        #expect(
            parameters.integer(at: 0x218, as: UInt32.self)
                == UInt32(initrd.frames.lower.address.rawValue))
        #expect(parameters.integer(at: 0x21c, as: UInt32.self) == 3_000_001)
        #expect(parameters[0xc0..<0xcc].allSatisfy { $0 == 0 })
        let line = try tables.offset(of: UInt64(parameters.integer(at: 0x228, as: UInt32.self)!))
        let text = tables.bytes[line...].prefix { $0 != 0 }
        #expect(String(decoding: text, as: UTF8.self) == plan.commandLine)
        #expect(plan.commandLine.hasPrefix("console=ttyS0 quiet kresume.save=0123 nokaslr "))
    }

    @Test func anotherRSDPAndNoInitrd() throws {
        var input = try planInput()
        input.rsdp = PhysicalAddress(0x7f_e014)
        input.initrdSize = 0
        let parameters = try Tables(SaverPlan(input)).bootParameters
        #expect(parameters.integer(at: 0x70, as: UInt64.self) == 0x7f_e014)
        #expect(parameters.integer(at: 0x218, as: UInt64.self) == 0)
    }

    @Test func purgatory() throws {
        var input = try planInput()
        input.debugPort = 0x3f8
        let plan = try SaverPlan(input)
        let tables = try Tables(plan)
        let start = tables.frames.lower.address.rawValue
        #expect(plan.entry.rawValue == start + 64)
        #expect(try tables.integer(0, UInt64.self) == start + 4096)
        #expect(try tables.integer(8, UInt64.self) == 0x2000_0200)
        #expect(try tables.integer(24, UInt64.self) == 0x3f8)
        #expect(tables.bytes[40..<300].allSatisfy { $0 == 0xcc })
        let digits = try tables.offset(of: tables.integer(16, UInt64.self))
        let text = String(decoding: tables.bytes[(digits - 24)..<(digits + 17)], as: UTF8.self)
        #expect(text == "kexec_jump_back_entry=0x0000000000000000\0")
    }

    /// What CoreDump reads out of the elfcorehdr is what the plan says.
    @Test func elfcorehdrIsReadBack() throws {
        var input = try planInput()
        input.memory = input.memory.union(FrameSet([frames(0x1_0000_0000, 0x9_0000_0000)]))
        let plan = try SaverPlan(input)
        let tables = try Tables(plan)
        let option = try #require(
            KernelCommandLine(parsing: plan.commandLine).value(of: "elfcorehdr"))
        let address = try #require(UInt64(option.dropFirst(2), radix: 16))
        #expect(address % 4096 == 0)
        let core = try ELFCore(parsing: Array(tables.bytes[tables.offset(of: address)...]))

        let segments = try core.memory(fileSize: .max)
        #expect(segments.allSatisfy { $0.fileOffset == $0.memory.start.rawValue })
        #expect(
            segments.map(\.memory)
                == [
                    frames(0, 0x1000), frames(0x10_0000, 0x2000_0000),
                    frames(0x2600_0000, 0x2ffd_f000), frames(0x1_0000_0000, 0x9_0000_0000),
                ].map(\.physicalRange))
        #expect(plan.savedMemory.ranges.map(\.physicalRange) == segments.map(\.memory))

        let notes = try #require(core.notes)
        let offset = try tables.offset(of: notes.lowerBound)
        let bytes = Array(tables.bytes[offset..<offset + notes.count])
        #expect(bytes == vmcoreInfoNote() + [UInt8](repeating: 0, count: 12))
        let note = try VMCoreInfo.note(in: ELFNote.parse(bytes))
        #expect(VMCoreInfo(parsing: note.descriptor)["OSRELEASE"] == "6.12.0-test")
        // Both lie in what the saver kernel is told to leave alone.
        let kept = plan.memoryMap.frames(of: .reserved)
        for byte in [address, notes.lowerBound, notes.upperBound - 1] {
            #expect(kept.contains(PhysicalAddress(byte).frame))
        }
    }
}
