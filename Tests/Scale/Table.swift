// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// What one scenario took.
struct Row {
    var gibibytes: UInt64
    var runPages: UInt64
    var runs: Int
    var moves: Int
    /// Processor seconds.
    var demand: Double
    var steps: Double
    var plan: Double
    /// Bytes.
    var peak: Int
    var baseline: Int

    var total: Double { demand + steps + plan }

    var fields: String {
        "\(gibibytes) \(runPages) \(runs) \(moves) \(demand) \(steps) \(plan) \(peak) \(baseline)"
    }

}

extension Row {
    init?(_ line: String) {
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count == 9, let gibibytes = UInt64(words[0]), let runPages = UInt64(words[1]),
            let runs = Int(words[2]), let moves = Int(words[3]), let demand = Double(words[4]),
            let steps = Double(words[5]), let plan = Double(words[6]), let peak = Int(words[7]),
            let baseline = Int(words[8])
        else { return nil }
        self.init(
            gibibytes: gibibytes, runPages: runPages, runs: runs, moves: moves, demand: demand,
            steps: steps, plan: plan, peak: peak, baseline: baseline)
    }
}

/// All of them, as Markdown.
struct Table {
    let gibibytes: [UInt64]
    let runPages: [UInt64]

    func print() throws {
        Swift.print(
            "| image | pages a run | runs | demand | steps | plan | all | of the load at 3 GB/s | memory, bytes a run |"
        )
        Swift.print("|---|---|---|---|---|---|---|---|---|")
        for length in runPages {
            var rows: [Row] = []
            for size in gibibytes {
                guard let row = try Self.row(size, length) else {
                    Swift.print(
                        "| \(size) GiB | \(length) | does not fit this machine | | | | | | |")
                    continue
                }
                rows.append(row)
                let load = Double(size << 30) / 3e9
                Swift.print(
                    "| \(size) GiB | \(length) | \(row.runs) | \(seconds(row.demand)) | \(seconds(row.steps)) | "
                        + "\(seconds(row.plan)) | \(seconds(row.total)) | "
                        + String(format: "%.1f %%", row.total / load * 100) + " | "
                        + "\((row.peak - row.baseline) / max(row.runs, 1)) |")
            }
            if let first = rows.first, let last = rows.last, first.runs < last.runs {
                let growth =
                    log(last.total / first.total) / log(Double(last.runs) / Double(first.runs))
                Swift.print(
                    "| | \(length) | | | | | grows as runs^\(String(format: "%.2f", growth)) | | |")
            }
        }
    }

    private func seconds(_ value: Double) -> String { String(format: "%.3f s", value) }

    private static func row(_ size: UInt64, _ length: UInt64) throws -> Row? {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["row", "\(size)", "\(length)"]
        process.standardOutput = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Row(text)
    }
}
