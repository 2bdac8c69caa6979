// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness

/// A line of the matrix: a machine with work in it that hibernates and comes back.
protocol Trial: Sendable, CustomStringConvertible {
    /// Throws where it does not come back as it was.
    func attempt(_ bench: Bench) throws -> Evidence
}

/// What a trial tells beside that it came back.
struct Evidence: Sendable {
    /// What the saver said of free memory.
    var freeMemory = ""
}

/// How a trial ended.
struct Outcome: Sendable {
    /// Nil: all was as it had been.
    var failure: String?
    var evidence = Evidence()
    var seconds = 0
}

extension Outcome: CustomStringConvertible {
    var description: String {
        let end = failure.map { "FAILED: \($0)" } ?? "came back"
        return ([end, "\(seconds) s"] + (evidence.freeMemory.isEmpty ? [] : [evidence.freeMemory]))
            .joined(separator: ", ")
    }
}

struct Failure: Error, CustomStringConvertible {
    var description: String
}

extension Trial {
    func outcome(number: Int) -> Outcome {
        let begin = ContinuousClock.now
        var outcome = Outcome()
        do {
            outcome.evidence = try Bench.use("matrix-\(number)") { try attempt($0) }
        } catch {
            outcome.failure = "\(error)"
        }
        outcome.seconds = Int(begin.duration(to: .now).components.seconds)
        return outcome
    }
}
