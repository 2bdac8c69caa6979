// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness

/// Trials that make one part of docs/support.md.
protocol Family: Sendable {
    static var title: String { get }
    var trials: [any Trial] { get }
    /// Of all trials, by their descriptions.
    func text(_ outcomes: Outcomes) -> String
}

/// How trials ended, by their descriptions.
struct Outcomes {
    var all: [String: Outcome] = [:]

    subscript(trial: any Trial) -> Outcome? { all["\(trial)"] }

    func word(_ trial: any Trial) -> String {
        self[trial].map { $0.failure == nil ? "yes" : "**no**" } ?? "not tried"
    }
}

/// Each kernel's own images, restored by each.
struct StockImages: Family {
    static let title = "Stock images"
    let kernels: [Kernel]

    private func row(_ original: Kernel) -> [KernelTrial] {
        kernels.map { KernelTrial(original: original, saver: nil, restorer: $0) }
    }

    var trials: [any Trial] { kernels.flatMap(row) }

    func text(_ outcomes: Outcomes) -> String {
        let rows = kernels.map { [$0.release] + row($0).map(outcomes.word) }
        return """
            On the left who wrote the image, above who restored it.

            \(table([[""] + kernels.map(\.release)] + rows))
            """
    }
}

/// Circles in which at least two parts have the same kernel, of those that can have all.
struct Circles: Family {
    static let title = "Circles"
    let kernels: [Kernel]

    private var circles: [KernelTrial] {
        let jumping = kernels.filter(\.canBeLeft)
        return jumping.flatMap { original in
            kernels.flatMap { saver in
                kernels.map { KernelTrial(original: original, saver: saver, restorer: $0) }
            }
        }.filter { trial in
            jumping.contains { kernel in
                [trial.original, trial.saver, trial.restorer].count { $0 == kernel } >= 2
            }
        }
    }

    var trials: [any Trial] { circles }

    func text(_ outcomes: Outcomes) -> String {
        let rows = circles.map { trial in
            [trial.original, trial.saver ?? trial.original, trial.restorer].map(\.release)
                + [outcomes.word(trial), outcomes[trial]?.evidence.freeMemory ?? ""]
        }
        return """
            A hibernates, B saves, C restores. A needs KEXEC_JUMP, which Debian's kernels do not have. Tried are all
            in which one of those that have it has two parts at least.

            \(table([["A", "B", "C", "came back", "of free memory B said"]] + rows))
            """
    }
}

/// Kernels that are tried with one other.
struct SeriesBetween: Family {
    static let title = "Series between"
    let kernels: [Kernel]
    /// One that can be left.
    let usual: Kernel

    private func row(_ kernel: Kernel) -> [KernelTrial] {
        [
            KernelTrial(original: kernel, saver: nil, restorer: kernel),
            KernelTrial(original: kernel, saver: nil, restorer: usual),
            KernelTrial(original: usual, saver: kernel, restorer: usual),
            KernelTrial(original: usual, saver: usual, restorer: kernel),
        ]
    }

    var trials: [any Trial] { kernels.flatMap(row) }

    func text(_ outcomes: Outcomes) -> String {
        let heads = ["", "stock image, restored by itself", "by 6.12", "as B", "as C"]
        let rows = kernels.map { [$0.release] + row($0).map(outcomes.word) }
        return """
            Stock kernels of the series in Debian's archive that are not above, their own images, and as B and C in
            circles of \(usual.release).

            \(table([heads] + rows))
            """
    }
}

/// One kernel on many machines.
struct Machines: Family {
    static let title = "Machines"
    let usual: Kernel

    private func row(_ variation: Variation) -> [MachineTrial] {
        (variation.hasNoStockImage == nil ? [Way.own, .stock] : [.own]).map {
            MachineTrial(variation: variation, way: $0)
        }
    }

    var trials: [any Trial] { Variation.all.flatMap(row) }

    func text(_ outcomes: Outcomes) -> String {
        let rows = Variation.all.map { variation in
            [variation.name] + row(variation).map(outcomes.word)
                + [variation.hasNoStockImage].compactMap { $0 }
        }
        return """
            A, B and C run \(usual.release). How the machine differs was looked at in it, and what is special of it
            was the same afterwards.

            \(table([["a machine with", "circle", "stock image"]] + rows))
            """
    }
}

/// As Markdown; the first row is the head.
private func table(_ rows: [[String]]) -> String {
    let rule = rows[0].map { _ in "---" }
    return ([rows[0], rule] + rows.dropFirst()).map {
        "| " + $0.joined(separator: " | ") + " |"
    }.joined(separator: "\n")
}
