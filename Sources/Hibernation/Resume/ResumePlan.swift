// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxPlatform
import Placement
import Restore

/// What `kresume resume --dry-run` prints.
struct ResumePlan: CustomStringConvertible {
    private let engine: RestoreEngine
    private let machine: any Machine

    init(_ engine: RestoreEngine, on machine: any Machine) {
        self.engine = engine
        self.machine = machine
    }

    var description: String {
        let placement = engine.placement
        let destinations = engine.destinations
        let available = (try? machine.memory().available).map(mebibytes) ?? "unknown"
        let rows: [(String, String)] = [
            ("pages with data", "\(destinations.dataPageCount)"),
            ("  in place", "\(placement.inPlacePageCount)"),
            ("  staged", "\(placement.stagedPageCount)"),
            ("zero pages", "\(destinations.zeroPageCount)"),
            ("  zero already", "\(destinations.zeroPageCount - placement.zeroFillPageCount)"),
            ("  to be filled", "\(placement.zeroFillPageCount)"),
            ("moves", "\(placement.list.moves.count)"),
            ("  in pages", "\(placement.list.pageCount)"),
            ("hand-off", "\(placement.handoff.frames)"),
            ("memory needed", mebibytes(engine.pinnedSize)),
            ("memory left", available),
        ]
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { name, value in
            name + String(repeating: " ", count: width + 2 - name.count) + value
        }.joined(separator: "\n")
    }
}
