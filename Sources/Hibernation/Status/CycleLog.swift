// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxPlatform
import SaverPlan

/// What `kresume status` tells afterwards of a hibernation, or of an attempt: A keeps it in /run.
final class CycleLog {
    /// The user's name for where the image goes.
    var target: String?
    private let machine: any Machine
    private let began: UInt64
    private var before: PhaseTimes
    private var after: PhaseTimes?

    init(_ machine: any Machine) {
        self.machine = machine
        began = machine.time()
        before = PhaseTimes(machine)
    }

    /// What went on up to now was `phase`.
    func end(_ phase: String) { before.end(phase) }

    /// This kernel runs again.
    func returned() { after = PhaseTimes(machine) }

    func finish(_ report: ReturnReport) {
        after?.end("clean-up")
        let size =
            report.memorySize == 0
            ? ""
            : ", \(mebibytes(report.memorySize)) of memory as \(mebibytes(report.imageSize))"
        var lines = [
            "\(calendarTime(began)): hibernated\(place)\(size)",
            "\(calendarTime(machine.time())): resumed by Linux \(report.release)", own,
        ]
        lines += report.saver.map { "saver kernel: \($0)" }
        if !report.times.isEmpty {
            lines.append("restore kernel (Linux \(report.release)): \(report.times)")
        }
        if let after { lines.append("original kernel again: \(after.parts)") }
        if !report.lines.isEmpty {
            lines += ["the restore kernel said:"] + report.lines.map { "    \($0)" }
        }
        write(lines)
    }

    /// Of a test, or where the machine went on.
    func finish(_ outcome: String) {
        write(["\(calendarTime(began)): hibernation\(place) was \(outcome)", own])
    }

    func fail(_ error: any Error) {
        write([
            "\(calendarTime(began)): not hibernated\(place): \(explanation(of: error))", own,
        ])
    }

    private var place: String { target.map { " to \($0)" } ?? "" }

    private var own: String {
        let release = (try? machine.kernel().release) ?? "?"
        return "original kernel (Linux \(release)): \(before.parts)"
    }

    private func write(_ lines: [String]) { Status.write(lines, on: machine) }
}
