// SPDX-License-Identifier: GPL-2.0-or-later

import Placement
import Threads

/// Gives the parts of an image to the threads that load them, each part to one: first those whose
/// places are known. Where there are none, some are given out ahead, to be read meanwhile.
package final class LoadQueue: Sendable {
    private struct State {
        /// Parts whose places were not known when last looked at, the next one last.
        var waiting: [Waiting]
        /// Parts whose places are known, the next one last.
        var ready: [Int] = []
        /// Parts that were given out ahead and are not done.
        var ahead = 0
        /// As of which change of the places this is.
        var changes = 0
    }

    private struct Waiting {
        let part: Int
        /// The first page without a place: those before it keep theirs.
        var firstUnknown: Int
    }

    private enum Turn {
        case part(Int, isAhead: Bool)
        case wait(changes: Int)
        case end
    }

    /// The pages of each part.
    private let parts: [Range<Int>]
    private let places: PagePlaces?
    /// Taken once for each part. A lock that spins costs more than what is done under it where there are more
    /// threads than processors.
    private let state: Monitor<State>

    /// How many may be ahead. Who has one is lost to the others until its places are known.
    private static let aheadLimit = max(1, Workers.count - Parallel.usableCPUs)

    /// - Parameter places: nil where the parts have none, and are only to be checked.
    package init(_ parts: [Range<Int>], _ places: PagePlaces?) {
        self.parts = parts
        self.places = places
        let all = parts.indices.reversed()
        state = Monitor(
            places == nil
                ? State(waiting: [], ready: Array(all))
                : State(waiting: all.map { Waiting(part: $0, firstUnknown: parts[$0].lowerBound) }))
    }

    /// Calls `body` with one part's number after another until all are given out. Where it throws,
    /// the other threads stop too: they need not finish what is lost.
    package func takeEach(_ body: (Int) throws -> Void) throws {
        do {
            while let (part, isAhead) = try take() {
                try body(part)
                if isAhead { state.change { $0.ahead -= 1 } }
            }
        } catch {
            // Those who wait for places wait for nothing now.
            places?.cancel(error)
            state.change { state in
                state.waiting = []
                state.ready = []
            }
            throw error
        }
    }

    private func take() throws -> (part: Int, isAhead: Bool)? {
        while true {
            let known = places?.now
            try known?.throwIfCancelled()
            let turn = state.waitAndChange { state -> Turn? in
                if let known { look(at: known, &state) }
                return Self.next(&state)
            }
            switch turn {
            case .part(let part, let isAhead): return (part, isAhead)
            case .end: return nil
            case .wait(let changes): try places?.waitForNews(after: changes)
            }
        }
    }

    private static func next(_ state: inout State) -> Turn {
        if let part = state.ready.popLast() { return .part(part, isAhead: false) }
        if state.waiting.isEmpty { return .end }
        if state.ahead < aheadLimit, let part = state.waiting.popLast() {
            state.ahead += 1
            return .part(part.part, isAhead: true)
        }
        return .wait(changes: state.changes)
    }

    /// Of several threads that see the same, the first one does this.
    private func look(at known: KnownPlaces, _ state: inout State) {
        guard known.changes > state.changes else { return }
        state.changes = known.changes
        var cursor = KnownPlaces.Cursor()
        var ready: [Int] = []
        var waiting: [Waiting] = []
        // In the image's order.
        for var next in state.waiting.reversed() {
            let pages = next.firstUnknown..<parts[next.part].upperBound
            if let page = known.firstUnknown(of: pages, &cursor) {
                next.firstUnknown = page
                waiting.append(next)
            } else {
                ready.append(next.part)
            }
        }
        state.ready = ready.reversed() + state.ready
        state.waiting = waiting.reversed()
    }
}
