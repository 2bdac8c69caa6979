// SPDX-License-Identifier: GPL-2.0-or-later

import ELFCore
import StoppedKernel
import TestSupport

extension FuzzTarget {
    /// The notes of a core, and VMCOREINFO among them.
    static let notes = FuzzTarget(name: "notes", inputLimit: 2048) {
        let info = Array(
            """
            OSRELEASE=6.12.1-x
            PAGESIZE=4096
            SYMBOL(mem_section)=ffffffff9c1a2b30
            SIZE(page)=64
            OFFSET(page.flags)=0
            LENGTH(zone.free_area)=11
            NUMBER(phys_base)=-16777216
            KERNELOFFSET=1a000000
            nonsense
            """.utf8)
        return [
            note("VMCOREINFO", info),
            note("CORE", type: 1, [UInt8](repeating: 1, count: 336))
                + note("CORE", type: 3, [1, 2]) + note("VMCOREINFO", info)
                + [UInt8](repeating: 0, count: 12),
        ]
    } test: { input in
        guard let notes = try? ELFNote.parse(input) else { return }
        require(input.starts(with: notes.flatMap(\.bytes)), "the notes are not the input's")
        for note in notes {
            require(
                note.bytes.count >= 12 + note.descriptor.count && note.bytes.count % 4 == 0,
                "a note larger than its bytes")
        }
        guard let note = try? VMCoreInfo.note(in: notes) else { return }
        let info = VMCoreInfo(parsing: note.descriptor)
        _ = (info["OSRELEASE"], info.pageSize, info.kernelOffset, info.symbol("mem_section"))
        _ = (info.size("page"), info.offset("page.flags"), info.length("zone.free_area"))
        _ = info.number("phys_base")
    }
}
