// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness

/// Lets one guest go round: in each round the kernel saves it, the same image is resumed by
/// kresume and by the kernel, and then it is saved and resumed with images of ours.
struct Rounds {
    let scenario: Scenario
    let turns: Scenario.Turns
    let count: Int
    /// The file with the ``Workload``.
    let data: URL
    /// Told what was measured.
    let measured: (Double, Figure, Subject, Case, Int) throws -> Void

    /// The kernel's command for everything but the way back.
    private static let kernelSave =
        "swapon /dev/vda && echo disk >/sys/power/state"
    private static let kernelResume = "cat /sys/class/block/vda/dev >/sys/power/resume"
    private static let resume = "kresume resume --verbose /dev/vda"
    private static let mebibyte = 1048576.0

    func run() throws {
        let stopwatch = Stopwatch()
        let name = "bench-\(scenario.name)-\(turns.stock?.name ?? "own")"
        try Bench.use(name, watch: stopwatch.hear) { bench in
            let guest = try Guest(
                bench, stopwatch, memory: scenario.memory,
                parameters: scenario.parameters + (turns.stock.map { [$0.parameter] } ?? []),
                data: data.path, mebibytes: scenario.data, readLimit: scenario.readLimit)
            for round in 1...count {
                if let stock = turns.stock {
                    let run = Case(scenario: scenario.name, image: stock.name)
                    try goRound(guest, stopwatch, run, stock, round)
                }
                for own in turns.own {
                    let run = Case(scenario: scenario.name, image: own.name)
                    try goRound(guest, stopwatch, run, own, round)
                }
            }
        }
    }

    /// With an image of the kernel's own. Who comes first takes turns.
    private func goRound(
        _ guest: Guest, _ stopwatch: Stopwatch, _ run: Case, _ stock: Scenario.Stock, _ round: Int
    ) throws {
        try measured(try guest.save(by: Self.kernelSave), .save, .kernel, run, round)
        if stock.isScattered { try guest.scatterImage() }
        let stored = try guest.inspect("stored_pages") * 4096 / Self.mebibyte
        let data = try guest.inspect("data_pages") * 4096 / Self.mebibyte
        try measured(stored, .stored, .kernel, run, round)
        try measured(data, .data, .kernel, run, round)
        try guest.keepImage()
        for subject in round % 2 == 1 ? [Subject.kresume, .kernel] : [.kernel, .kresume] {
            try guest.restoreImage()
            switch subject {
            case .kernel:
                let whole = try guest.resume(by: Self.kernelResume)
                try measured(whole, .whole, subject, run, round)
                // "Read 123 kbytes in 0.45 seconds (...)": swsusp_show_speed.
                let line = try stopwatch.line(with: "Read ").text
                try measured(try number(in: line, after: " in "), .load, subject, run, round)
            case .kresume:
                let whole = try guest.resume(by: Self.resume)
                try measured(whole, .whole, subject, run, round)
                try measureLoad(stopwatch, run, round)
            case .limit: break
            }
            try measured(guest.bootTime, .boot, .limit, run, round)
            try measureReading(guest, subject, run, round)
        }
        try measureLimits(guest, run, round, stored: stored, data: data)
        // All of the guest's memory is in memory before it is saved the other way.
        try guest.run("swapoff /dev/vda")
    }

    /// With an image of ours.
    private func goRound(
        _ guest: Guest, _ stopwatch: Stopwatch, _ run: Case, _ own: Scenario.Own, _ round: Int
    ) throws {
        let inUse = try guest.run(Self.memoryInUse)
        try measured((Double(inUse) ?? 0) * 4096 / Self.mebibyte, .inUse, .limit, run, round)
        var words = ""
        if own.isEncrypted {
            try guest.run("mkdir -p /etc && kresume key create --quiet --no-passphrase")
            let key = try guest.run("base64 -w 0 /etc/kresume/image-key")
            words = "mkdir -p /etc/kresume; echo \(key) | base64 -d >/etc/kresume/image-key; "
        }
        let command = (["kresume", "hibernate"] + own.options + ["/dev/vda"])
            .joined(separator: " ")
        try measured(try guest.save(by: command), .save, .kresume, run, round)
        let stored = try guest.inspect("image_size") / Self.mebibyte
        let data = try guest.inspect("data_pages") * 4096 / Self.mebibyte
        try measured(stored, .stored, .kresume, run, round)
        try measured(data, .data, .kresume, run, round)
        if round == 1 {
            try guest.keepImage()
            try measureUnpacking(guest, run, stored: stored, after: words)
            try measurePeak(guest, stopwatch, run, after: words)
            try guest.restoreImage()
        }
        let whole = try guest.resume(by: words + Self.resume)
        try measured(whole, .whole, .kresume, run, round)
        try measureLoad(stopwatch, run, round)
        try measured(guest.bootTime, .boot, .limit, run, round)
        try measureReading(guest, .kresume, run, round)
        if own.isEncrypted { try guest.run("kresume key remove --quiet") }
        try measureLimits(guest, run, round, stored: stored, data: data)
    }

    /// "kresume: 1.234 s to the jump: tables 0.010 s, memory 0.200 s, ..."
    private func measureLoad(_ stopwatch: Stopwatch, _ run: Case, _ round: Int) throws {
        let line = try stopwatch.line(with: "to the jump: ").text
        try measured(try number(in: line, after: "kresume: "), .load, .kresume, run, round)
        for phase in [Figure.tables, .memory, .pages, .handoff, .mark] {
            let seconds = try number(in: line, after: "\(phase.rawValue) ")
            try measured(seconds, phase, .kresume, run, round)
        }
    }

    /// Where the kernel has swapped some of it out. What comes back is in memory when the next image is made.
    private func measureReading(
        _ guest: Guest, _ subject: Subject, _ run: Case, _ round: Int
    ) throws {
        guard scenario.exceedsKernel else { return }
        let seconds = try guest.time("cat /tmp/data >/dev/null")
        try measured(seconds, .reading, subject, run, round)
    }

    /// In the guest that is back: everything else stands still there.
    private func measureLimits(
        _ guest: Guest, _ run: Case, _ round: Int, stored: Double, data: Double
    ) throws {
        let read = try guest.time(
            "dd if=/dev/vda of=/dev/null bs=1M iflag=direct count=\(Int(stored.rounded(.up))) "
                + "2>/dev/null")
        try measured(read, .read, .limit, run, round)
        let copied = try guest.run("copy-memory \(Int(data.rounded(.up)))")
        try measured(try number(in: copied, after: ""), .copy, .limit, run, round)
    }

    /// Where nothing has to be read from a disk: the image is checked where it lies in memory.
    private func measureUnpacking(
        _ guest: Guest, _ run: Case, stored: Double, after words: String
    ) throws {
        try guest.boot()
        try guest.run(
            words
                + "dd if=/dev/vda of=/tmp/image bs=1M iflag=direct count=\(Int(stored.rounded(.up))) "
                + "2>/dev/null")
        for round in 1...count {
            let seconds = try guest.time("kresume verify --quiet /tmp/image")
            try measured(seconds, .unpack, .limit, run, round)
        }
    }

    /// The most memory that the process had before the jump.
    private func measurePeak(
        _ guest: Guest, _ stopwatch: Stopwatch, _ run: Case, after words: String
    ) throws {
        _ = try guest.resume(
            by: """
                \(words)\(Self.resume) & \
                while grep VmHWM /proc/$!/status >/dev/console; do usleep 20000; done; wait $!
                """)
        // The kernel's messages may come in the middle of a line; the figure only grows.
        let kibibytes = stopwatch.texts.compactMap { line in
            line.hasPrefix("VmHWM:") && line.hasSuffix(" kB")
                ? try? number(in: line, after: "VmHWM:") : nil
        }
        guard let most = kibibytes.max() else { throw BenchmarkError.notSaid("VmHWM:") }
        try measured(most / 1024, .peak, .kresume, run, 1)
    }

    /// Pages of RAM that are not free, whatever they are used for.
    private static let memoryInUse = """
        awk '$1 == "pages" && $2 == "free" { n -= $3 } $1 == "present" { n += $2 } \
        END { print n }' /proc/zoneinfo
        """
}

/// The decimal number that comes first after `text`.
func number(in line: String, after text: String) throws -> Double {
    let rest = text.isEmpty ? line[...] : line.range(of: text).map { line[$0.upperBound...] } ?? ""
    let digits = rest.drop { $0.isWhitespace }.prefix { $0.isNumber || $0 == "." }
    guard let number = Double(digits) else { throw BenchmarkError.noNumber(line) }
    return number
}
