// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// What should be reached, and whether it was. A figure that was not measured makes no verdict.
struct Goals {
    let samples: Samples

    var verdicts: [String] {
        samples.cases.flatMap { run -> [String] in
            if run.image == Scenario.encrypted.name { return encrypted(run) }
            let isOwn = Scenario.compressions.contains { $0.name == run.image }
            return isOwn ? own(run) : stock(run)
        }
    }

    /// Times as fast as the kernel that the load of its image should be.
    private static let loads = ["uncompressed": 1.5, "LZO": 4, "LZ4": 3]

    private func stock(_ run: Case) -> [String] {
        let isLimited = run.scenario == "limited"
        return [
            isLimited
                // There nobody is faster than the disk.
                ? atMost(
                    1.3,
                    medianRatio(
                        samples.values(.load, by: .kresume, of: run),
                        samples.values(.read, by: .limit, of: run)), run, "load by reading")
                : atLeast(
                    Self.loads[run.image] ?? 1, samples.ratio(.load, of: run), run,
                    "load, times as fast as the kernel"),
            atLeast(
                1, samples.ratio(.whole, of: run), run, "whole, times as fast as the kernel"),
            scattered(run),
        ].compactMap { $0 }
    }

    /// Beside the same image in one piece, where the disk is no faster than a processor would find it.
    private func scattered(_ run: Case) -> String? {
        guard run.scenario == "limited", run.image.hasSuffix(Scenario.scatteredSuffix) else {
            return nil
        }
        let image = String(run.image.dropLast(Scenario.scatteredSuffix.count))
        let whole = Case(scenario: run.scenario, image: image)
        return atMost(
            1.5,
            medianRatio(
                samples.values(.load, by: .kresume, of: run),
                samples.values(.load, by: .kresume, of: whole)), run,
            "load, by that of the image in one piece")
    }

    /// Beside the same image that is not encrypted.
    private func encrypted(_ run: Case) -> [String] {
        let plain = Case(scenario: run.scenario, image: Scenario.compressions[0].name)
        return [
            atMost(
                1.1,
                medianRatio(
                    samples.values(.load, by: .kresume, of: run),
                    samples.values(.load, by: .kresume, of: plain)), run,
                "load, by that of the one that is not encrypted")
        ].compactMap { $0 }
    }

    private func own(_ run: Case) -> [String] {
        let load = median(.load, .kresume, run)
        let data = samples.values(.data, by: .kresume, of: run)
        var verdicts = [
            atLeast(3, samples.ratio(.save, of: run), run, "save, times as fast as the kernel"),
            atLeast(1, samples.ratio(.whole, of: run), run, "whole, times as fast as the kernel"),
        ]
        if let load, let read = median(.read, .limit, run),
            let unpack = median(.unpack, .limit, run)
        {
            verdicts.append(
                atMost(
                    1.2, load / max(read, unpack), run,
                    "load by the larger of reading and unpacking"))
        }
        for (round, peak) in samples.values(.peak, by: .kresume, of: run) {
            let more = data[round].map { peak - $0 }
            verdicts.append(atMost(32, more, run, "MiB of memory taken beyond the image's"))
        }
        if let ratio = samples.ratio(.reading, of: run) {
            verdicts.append(
                atLeast(1, ratio, run, "reading all data afterwards, beside the kernel"))
        }
        if run.scenario == "idle" {
            // There is next to nothing to write.
            verdicts.append(
                atMost(2, median(.save, .kresume, run), run, "seconds to save, whatever the size"))
            let zeroed = Case(scenario: "zeroed", image: run.image)
            let inUse = samples.values(.data, by: .kresume, of: zeroed)
            verdicts.append(
                atMost(
                    1.1, medianRatio(data, inUse), run,
                    "memory in the image by what is in use and not zero"))
        }
        return verdicts.compactMap { $0 }
    }

    private func median(_ figure: Figure, _ subject: Subject, _ run: Case) -> Double? {
        machine_bench.median(Array(samples.values(figure, by: subject, of: run).values))
    }

    private func atLeast(_ goal: Double, _ value: Double?, _ run: Case, _ what: String) -> String? {
        value.map { verdict($0 >= goal, "at least", goal, $0, run, what) }
    }

    private func atMost(_ goal: Double, _ value: Double?, _ run: Case, _ what: String) -> String? {
        value.map { verdict($0 <= goal, "at most", goal, $0, run, what) }
    }

    private func verdict(
        _ isReached: Bool, _ bound: String, _ goal: Double, _ value: Double, _ run: Case,
        _ what: String
    ) -> String {
        let numbers = String(format: "%.2f (goal: \(bound) %g)", value, goal)
        return (isReached ? "reached      " : "not reached  ")
            + "\(run.scenario), \(run.image): \(what): \(numbers)"
    }
}
