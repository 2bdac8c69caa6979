// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness

/// What was tried, and how it ended: docs/support.md.
struct Table {
    let kernels: [Kernel]
    var outcomes: [(Trial, Outcome)] = []

    var markdown: String {
        """
        # Kernels that kresume was run with

        Written by `make matrix`, on \(today). Each result is a virtual machine of \(machine),
        which hibernated with work in it, was off, came back by `kresume resume`, and was looked at: memory,
        processors, file system, log. Kernels called `-kresume` are built from Debian's sources with the configuration
        of the tests, the others are Debian's own. The newest is the newest that Debian's archive had that day.

        ## Stock images

        On the left who wrote the image, above who restored it.

        \(grid)

        ## Circles

        A hibernates, B saves, C restores. A needs KEXEC_JUMP, which Debian's kernels do not have. Tried are all in
        which one of those that have it has two parts at least.

        \(circles)

        """
    }

    private var machine: String {
        let usual = Configuration()
        return "\(usual.memory) MiB and \(usual.processors) processors"
    }

    private var today: String { Date.now.formatted(.iso8601.year().month().day()) }

    private func word(_ outcome: Outcome?) -> String {
        outcome.map { $0.failure == nil ? "yes" : "**no**" } ?? "not tried"
    }

    private var grid: String {
        let rows = kernels.map { original in
            [original.release]
                + kernels.map { restorer in
                    word(
                        outcomes.first {
                            $0.0.saver == nil && $0.0.original == original
                                && $0.0.restorer == restorer
                        }?.1)
                }
        }
        return lines([[""] + kernels.map(\.release)] + rows)
    }

    private var circles: String {
        let rows = outcomes.filter { $0.0.saver != nil }.map { trial, outcome in
            [trial.original, trial.saver ?? trial.original, trial.restorer].map(\.release) + [
                word(outcome), outcome.freeMemory,
            ]
        }
        return lines([["A", "B", "C", "came back", "of free memory B said"]] + rows)
    }

    private func lines(_ rows: [[String]]) -> String {
        let rule = rows[0].map { _ in "---" }
        return ([rows[0], rule] + rows.dropFirst()).map {
            "| " + $0.joined(separator: " | ") + " |"
        }.joined(separator: "\n")
    }
}
