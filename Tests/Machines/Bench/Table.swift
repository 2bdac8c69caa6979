// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// What was measured, for people: Markdown that can be read as it is.
struct Table {
    let samples: Samples
    let scenarios: [Scenario]

    private static let header = [
        "machine", "image", "", "kernel", "kresume", "kernel/kresume", "limit",
    ]

    /// Figures that have a row, and what it is called.
    private static let rows: [(Figure, String)] = [
        (.save, "save, s"), (.stored, "image on disk, MiB"), (.data, "memory in it, MiB"),
        (.inUse, "RAM not free, MiB"),
        (.load, "resume: load, s"), (.whole, "resume: whole, s"),
        (.reading, "read all data then, s"),
        (.tables, "- tables, s"), (.memory, "- memory, s"), (.pages, "- pages, s"),
        (.handoff, "- hand-off, s"), (.mark, "- mark, s"), (.peak, "memory taken, MiB"),
        (.read, "read by dd, s"), (.copy, "copy memory, s"), (.unpack, "unpack, s"),
        (.boot, "boot a kernel, s"),
    ]

    var markdown: String {
        var lines = [Self.header]
        for run in samples.cases {
            for (figure, label) in Self.rows {
                if let line = line(figure, label, run) { lines.append(line) }
            }
        }
        // A machine and an image are named once.
        for index in lines.indices.dropFirst(2).reversed() {
            if lines[index][..<2] == lines[index - 1][..<2] { lines[index][1] = "" }
            if lines[index][0] == lines[index - 1][0] { lines[index][0] = "" }
        }
        let widths = Self.header.indices.map { column in
            lines.map { $0[column].count }.max() ?? 0
        }
        let text = lines.map { line in
            let cells = zip(line, widths).map { cell, width in
                cell.padding(toLength: width, withPad: " ", startingAt: 0)
            }
            return "| " + cells.joined(separator: " | ") + " |"
        }
        let rule = widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|")
        return ([text[0], "|\(rule)|"] + text.dropFirst()).joined(separator: "\n")
    }

    private func line(_ figure: Figure, _ label: String, _ run: Case) -> [String]? {
        let cells = [Subject.kernel, .kresume, .limit].map { subject in
            cell(samples.values(figure, by: subject, of: run))
        }
        guard cells.contains(where: { !$0.isEmpty }) else { return nil }
        let scenario = scenarios.first { $0.name == run.scenario }
        let ratio = samples.ratio(figure, of: run).map { String(format: "%.2f", $0) } ?? ""
        return [
            scenario?.description ?? run.scenario, run.image, label, cells[0], cells[1], ratio,
            cells[2],
        ]
    }

    /// "1.23 (1.20-1.31)": the median, and from the least to the most.
    private func cell(_ values: [Int: Double]) -> String {
        guard let middle = median(Array(values.values)), let least = values.values.min(),
            let most = values.values.max()
        else { return "" }
        if values.count == 1 { return String(format: "%.2f", middle) }
        return String(format: "%.2f (%.2f-%.2f)", middle, least, most)
    }
}

extension Samples {
    /// How many times the kernel's figure ours is: of the same image, or, for an image of ours, of
    /// the image that the kernel makes unless told otherwise.
    func ratio(_ figure: Figure, of run: Case) -> Double? {
        let ours = values(figure, by: .kresume, of: run)
        let same = values(figure, by: .kernel, of: run)
        let stock = values(
            figure, by: .kernel, of: Case(scenario: run.scenario, image: Scenario.lzo.name))
        return medianRatio(same.isEmpty ? stock : same, ours)
    }
}
