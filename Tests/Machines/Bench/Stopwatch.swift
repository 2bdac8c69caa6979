// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness

/// When a guest's console said what, by the host's clock: the guests' own clocks stop and jump
/// when one kernel takes the place of another.
final class Stopwatch: @unchecked Sendable {
    struct Line: Sendable {
        var text: String
        var moment: ContinuousClock.Instant
    }

    /// A reply on the control channel may overtake the console by this much.
    private static let limit = 10.0

    private let condition = NSCondition()
    private var lines: [Line] = []
    /// What has not ended yet.
    private var rest = ""

    /// What comes now.
    func hear(_ text: String) {
        let now = ContinuousClock.now
        condition.lock()
        defer { condition.unlock() }
        rest += text
        var parts = rest.split(omittingEmptySubsequences: false) { $0.isNewline }
        rest = String(parts.removeLast())
        lines += parts.map { Line(text: String($0), moment: now) }
        condition.broadcast()
    }

    /// Forgets what was said before.
    func reset() {
        condition.lock()
        defer { condition.unlock() }
        lines = []
        rest = ""
    }

    /// The first line that holds `text`. It has been said, or is about to be.
    func line(with text: String) throws -> Line {
        let deadline = Date(timeIntervalSinceNow: Self.limit)
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let line = lines.first(where: { $0.text.contains(text) }) { return line }
            if !condition.wait(until: deadline) { throw BenchmarkError.notSaid(text) }
        }
    }

    /// All that was said so far.
    var texts: [String] {
        condition.lock()
        defer { condition.unlock() }
        return lines.map(\.text)
    }

    /// In seconds, from the first line with one text to the first line with another.
    func seconds(from start: String, to end: String) throws -> Double {
        let start = try line(with: start).moment
        return start.duration(to: try line(with: end).moment).inSeconds
    }
}

extension Duration {
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

/// Why a figure is missing.
enum BenchmarkError: Error, CustomStringConvertible {
    /// The console never showed this.
    case notSaid(String)
    /// A command in a guest, and what it came to.
    case failed(String, Reply)
    /// A line without the number that it should have.
    case noNumber(String)

    var description: String {
        switch self {
        case .notSaid(let text): "the console did not say `\(text)`"
        case .failed(let command, let reply): "`\(command)`: \(reply.status), \(reply.output)"
        case .noNumber(let line): "no number in `\(line)`"
        }
    }
}
