// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness

/// What was tried, and how it ended: docs/support.md.
struct Page {
    private static let titles = [
        StockImages.title, Circles.title, SeriesBetween.title, Machines.title,
    ]
    private var parts: [String: String]

    /// - Parameter text: the page as it was.
    init(_ text: String) {
        let pairs = text.components(separatedBy: "\n## ").dropFirst().map { part in
            let lines = part.split(separator: "\n", maxSplits: 1).map(String.init)
            let text = lines.count > 1 ? lines[1] : ""
            return (lines[0], text.trimmingCharacters(in: .newlines))
        }
        parts = Dictionary(pairs) { first, _ in first }
    }

    /// Where only some of it was tried, all stays as it was.
    mutating func update(_ family: any Family, _ outcomes: Outcomes) {
        guard family.trials.allSatisfy({ outcomes[$0] != nil }) else { return }
        let today = Date.now.formatted(.iso8601.year().month().day())
        parts[type(of: family).title] = "Tried on \(today).\n\n\(family.text(outcomes))"
    }

    var text: String {
        let sections = Self.titles.map { "## \($0)\n\n\(parts[$0] ?? "Not tried.")\n" }
        return ([introduction] + sections).joined(separator: "\n")
    }

    private var introduction: String {
        let usual = Configuration()
        return """
            # Kernels and machines that kresume was run with

            Written by `make matrix`. Each result is a virtual machine, of \(usual.memory) MiB and two processors where
            nothing else is said, which hibernated with work in it, was off, came back by `kresume resume`, and was
            looked at: memory, processors, file system, log. Kernels called `-kresume` are built from Debian's sources
            with the configuration of the tests, the others are Debian's own. The newest is the newest that Debian's
            archive had that day. All are of x86-64; what was tried on arm64 is in
            [architectures.md](architectures.md).

            """
    }
}
