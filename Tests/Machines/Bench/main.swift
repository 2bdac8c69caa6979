// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness

// How fast machines hibernate and come back, by the kernel alone and by kresume, in the same
// virtual machine. Environment:
//   BENCH_RUNS   how often everything is done (default 5)
//   BENCH_ONLY   words such as `small/LZO`, `mixed`, `memory`: nothing else is done

func say(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
}

let environment = ProcessInfo.processInfo.environment
let runs = max(1, environment["BENCH_RUNS"].flatMap { Int($0) } ?? 5)
let only = (environment["BENCH_ONLY"] ?? "").split(separator: " ").map(String.init)

/// Whether a part, such as `small/LZO`, was asked for.
func isWanted(_ part: String) -> Bool {
    only.isEmpty || only.contains { part == $0 || part.hasPrefix($0 + "/") }
}

func measure() throws -> Bool {
    let directory = Host.root.appending(path: "build")
    var samples = try Samples(writingTo: directory.appending(path: "bench.csv"))
    let data = directory.appending(path: "bench-data")
    let largest = Scenario.list.map(\.data).max() ?? 0
    say("Writing \(largest) MiB for the guests' memory, \(runs) rounds to come")
    try Workload.write(mebibytes: largest, to: data)
    defer { try? FileManager.default.removeItem(at: data) }

    var speeds: [String] = []
    if isWanted("memory") { speeds = try MemorySpeeds(data: data).lines }
    for line in speeds { say(line) }

    _ = try System.test.files()
    var isWhole = true
    for scenario in Scenario.list {
        for turns in scenario.turns
        where isWanted("\(scenario.name)/\(turns.stock?.name ?? "own")") {
            // One that failed leaves the others their figures.
            do {
                try Rounds(scenario: scenario, turns: turns, count: runs, data: data) {
                    value, figure, subject, run, round in
                    try samples.add(value, figure, by: subject, of: run, round: round)
                    say(
                        "\(run.scenario), \(run.image), round \(round): \(figure.rawValue), "
                            + "\(subject.rawValue): \(String(format: "%.2f", value))")
                }.run()
            } catch {
                isWhole = false
                say("\(scenario.name): \(error)")
            }
        }
    }
    let table = Table(samples: samples, scenarios: Scenario.list).markdown
    let verdicts = Goals(samples: samples).verdicts
    // Indented lines are left alone by Markdown.
    let lists = [speeds, verdicts].map { $0.map { "    \($0)" }.joined(separator: "\n") }
    let report = ([table] + lists).joined(separator: "\n\n")
    try Data((report + "\n").utf8).write(to: directory.appending(path: "bench.md"))
    let chart = Chart(samples: samples, scenarios: Scenario.list).svg
    try Data(chart.utf8).write(to: directory.appending(path: "bench.svg"))
    say("\n\(report)\n\nbuild/bench.md; build/bench.svg; every run: build/bench.csv")
    return isWhole
}

do {
    exit(try measure() ? 0 : 1)
} catch {
    say("\(error)")
    exit(1)
}
