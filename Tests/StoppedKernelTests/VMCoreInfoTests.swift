// SPDX-License-Identifier: GPL-2.0-or-later

import ELFCore
import StoppedKernel
import TestSupport
import Testing

@Suite struct ELFNoteTests {
    private static let info = Array("OSRELEASE=6.12.1\nPAGESIZE=4096\n".utf8)
    /// In the order of /proc/kcore.
    private static let notes =
        note("CORE", type: 1, [UInt8](repeating: 1, count: 336))
        + note("CORE", type: 3, [1, 2, 3]) + note("VMCOREINFO", info)

    @Test(arguments: [
        [], [UInt8](repeating: 0, count: 12), [0, 0, 0], [UInt8](repeating: 0, count: 99),
    ])
    func notesUpToTheEnd(tail: [UInt8]) throws {
        let notes = try ELFNote.parse(Self.notes + tail)
        #expect(notes.map(\.name) == ["CORE", "CORE", "VMCOREINFO"])
        #expect(notes.map(\.type) == [1, 3, 0])
        #expect(notes[1].descriptor == [1, 2, 3])
        let found = try VMCoreInfo.note(in: notes)
        #expect(found.descriptor == Self.info)
        #expect(found.bytes == note("VMCOREINFO", Self.info))
    }

    @Test func nothingBehindTheLastNote() throws {
        let notes = try ELFNote.parse(
            [UInt8](repeating: 0, count: 12) + note("VMCOREINFO", Self.info))
        #expect(notes.isEmpty)
        #expect(throws: CoreDumpError.noVMCoreInfo) { try VMCoreInfo.note(in: notes) }
    }

    @Test(arguments: [0, 4])
    func sizesBeyondTheEnd(field: Int) {
        for size in [[0x51, 1, 0, 0], [0xff, 0xff, 0xff, 0xff]] as [[UInt8]] {
            var bytes = note("CORE", [UInt8](repeating: 1, count: 336))
            bytes.replaceSubrange(field..<field + 4, with: size)
            #expect(throws: CoreDumpError.invalidNote(offset: 20)) {
                try ELFNote.parse(note("CORE", []) + bytes)
            }
        }
    }
}

@Suite struct VMCoreInfoTests {
    private let info = VMCoreInfo(
        parsing: Array(
            """
            OSRELEASE=6.12.1-x
            BUILD-ID=00ff
            PAGESIZE=4096
            SYMBOL(vmemmap_base)=ffffffff9c1a2b30
            SIZE(page)=64
            OFFSET(page.flags)=0
            OFFSET(free_area.free_list)=0
            LENGTH(zone.free_area)=11
            NUMBER(phys_base)=-16777216
            NUMBER(PG_buddy)=x
            KERNELOFFSET=1a000000
            nonsense
            CRASHTIME=1
            CRASHTIME=2
            \0
            SIZE(list_head)=16
            """.utf8))

    @Test func values() {
        #expect(info["OSRELEASE"] == "6.12.1-x")
        #expect(info.pageSize == 4096)
        #expect(info["BUILD-ID"] == "00ff")
        #expect(info.symbol("vmemmap_base") == 0xffff_ffff_9c1a_2b30)
        #expect(info.size("page") == 64)
        #expect(info.offset("page.flags") == 0)
        #expect(info.length("zone.free_area") == 11)
        #expect(info.number("phys_base") == -16_777_216)
        #expect(info.kernelOffset == 0x1a00_0000)
        #expect(info["CRASHTIME"] == "2")
    }

    @Test func whatIsNotThere() {
        #expect(info.symbol("page") == nil)
        #expect(info.size("list_head") == nil)
        #expect(info.number("PG_buddy") == nil)
        #expect(info["nonsense"] == nil)
        #expect(VMCoreInfo(parsing: []).pageSize == nil)
    }
}
