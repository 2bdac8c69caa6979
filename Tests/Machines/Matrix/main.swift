// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness

// Machines with one kernel or another in each part hibernate and come back: a line for each, and a table
// of all, docs/support.md. Words on the command line choose lines: those that have all of them.

func say(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
}

func run() throws -> Bool {
    let kernels = try Kernel.all()
    let words = CommandLine.arguments.dropFirst()
    let all = Trial.stockImages(kernels) + Trial.circles(kernels)
    let trials = all.filter { trial in words.allSatisfy { trial.description.contains($0) } }
    var table = Table(kernels: kernels)
    for (number, trial) in trials.enumerated() {
        let outcome = trial.outcome(number: number)
        say("\(number + 1)/\(trials.count)  \(trial): \(outcome)")
        table.outcomes.append((trial, outcome))
    }
    if words.isEmpty {
        let file = Host.root.appending(path: "docs/support.md")
        try Data(table.markdown.utf8).write(to: file)
    }
    return table.outcomes.allSatisfy { $0.1.failure == nil }
}

do {
    if try !run() { exit(1) }
} catch {
    say("\(error)")
    exit(1)
}
