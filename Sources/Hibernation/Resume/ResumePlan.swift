// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import Placement

/// What `kresume resume --dry-run` prints.
struct ResumePlan: CustomStringConvertible {
    let image: HibernationImage
    let engine: RestoreEngine

    var description: String {
        let placement = engine.placement
        let zeroPages = image.header.zeroPages
        let available = (try? MemoryInfo.current().available).map(mebibytes) ?? "unknown"
        let rows: [(String, String)] = [
            ("kernel", image.machine.system.kernelRelease),
            ("pages with data", "\(image.header.dataPages)"),
            ("  in place", "\(placement.inPlacePageCount)"),
            ("  staged", "\(placement.stagedPageCount)"),
            ("zero pages", "\(zeroPages)"),
            ("  zero already", "\(zeroPages - placement.zeroFillPageCount)"),
            ("  to be filled", "\(placement.zeroFillPageCount)"),
            ("moves", "\(placement.moves.count)"),
            ("hand-off", "\(placement.handoff)"),
            ("jump-back entry", image.machine.jump.jumpBackEntry.map { "\($0)" } ?? "none"),
            ("paging levels", "\(image.machine.jump.pagingLevels)"),
            ("memory pinned", mebibytes(engine.pinnedSize)),
            ("memory left", available),
        ]
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { name, value in
            name + String(repeating: " ", count: width + 2 - name.count) + value
        }.joined(separator: "\n")
    }
}
