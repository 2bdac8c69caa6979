// SPDX-License-Identifier: GPL-2.0-or-later

/// Lets threads do a part of their work one after the other, in the order of numbers that each of
/// them has: 0 first, and none left out.
package final class Sequencer<State>: Sendable {
    private struct Line {
        var next = 0
        var isOver = false
        var state: State
    }

    private let line: Monitor<Line>

    /// - Parameter state: what each hands over to the next.
    package init(_ state: sending State) { line = Monitor(Line(state: state)) }

    /// Waits until all numbers below `number` had their turn, then calls `body`. Nil, without a
    /// call, where the rest was cancelled; so it is when `body` throws.
    package func perform<Result>(
        _ number: Int, _ body: (inout State) throws -> Result
    ) throws -> Result? {
        try line.waitAndChange { line throws -> Result?? in
            if line.isOver { return .some(nil) }
            guard line.next == number else { return nil }
            line.next += 1
            do { return try body(&line.state) } catch {
                line.isOver = true
                throw error
            }
        }
    }

    /// No more turns: for one who cannot take his, or when all is done. Those who wait go on.
    package func cancel() {
        line.change { $0.isOver = true }
    }
}
