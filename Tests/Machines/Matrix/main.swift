// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness

// machine-matrix [kernels|series|machines] [WORD...]: machines of many kinds, with one kernel or another in each
// part, hibernate and come back: a line for each, and a page that tells of all, docs/support.md. Words choose
// lines: those that have all of them.

func say(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
}

/// Kernels are built or fetched for those alone that are asked for.
func families(_ name: String?) throws -> [any Family] {
    let usual = try Kernel(.test, canBeLeft: true)
    var families: [any Family] = []
    if name == nil || name == "kernels" {
        let kernels = try Kernel.all()
        families += [StockImages(kernels: kernels), Circles(kernels: kernels)]
    }
    if name == nil || name == "series" {
        families.append(SeriesBetween(kernels: try Kernel.between(), usual: usual))
    }
    if name == nil || name == "machines" { families.append(Machines(usual: usual)) }
    return families
}

func run() throws -> Bool {
    var words = Array(CommandLine.arguments.dropFirst())
    let name = words.first.flatMap { ["kernels", "series", "machines"].contains($0) ? $0 : nil }
    if name != nil { words.removeFirst() }
    let families = try families(name)
    let trials = families.flatMap(\.trials).filter { trial in
        words.allSatisfy { trial.description.contains($0) }
    }
    var outcomes = Outcomes()
    for (number, trial) in trials.enumerated() {
        let outcome = trial.outcome(number: number)
        say("\(number + 1)/\(trials.count)  \(trial): \(outcome)")
        outcomes.all["\(trial)"] = outcome
    }
    let file = Host.root.appending(path: "docs/support.md")
    var page = Page(try String(contentsOf: file, encoding: .utf8))
    for family in families { page.update(family, outcomes) }
    try Data(page.text.utf8).write(to: file)
    return outcomes.all.values.allSatisfy { $0.failure == nil }
}

do {
    if try !run() { exit(1) }
} catch {
    say("\(error)")
    exit(1)
}
