// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// Who did it.
enum Subject: String, Sendable {
    case kernel, kresume
    /// What no one can do without.
    case limit
}

/// What was measured. Raw values are the CSV's.
enum Figure: String, CaseIterable, Sendable {
    /// From the command to power-off, seconds.
    case save
    /// The kernel's "Read ... in ... seconds"; ours from the first read to the jump.
    case load
    /// From the command to the first word of the machine that is back.
    case whole
    /// To read all of the data in memory, once it is back.
    case reading = "read again"
    /// Parts of our load.
    case tables, memory, pages
    case handoff = "hand-off"
    case mark
    /// Sizes in MiB: the image on disk, the memory in it, and how much of RAM was not free.
    case stored, data
    case inUse = "in use"
    /// Limits: the stored bytes read by dd with O_DIRECT, the data copied in memory, the image
    /// verified out of memory, from power-on to a shell.
    case read, copy, unpack, boot
    /// In MiB: the most memory that resuming took.
    case peak
}

/// Of which runs: a scenario's name and an image's.
struct Case: Hashable, Sendable {
    var scenario: String
    var image: String
}

/// Everything measured, a CSV line each.
struct Samples {
    struct Sample {
        var of: Case
        var figure: Figure
        var subject: Subject
        var round: Int
        /// Seconds or MiB.
        var value: Double
    }

    private(set) var all: [Sample] = []
    private let file: FileHandle

    /// Writes to the file as the samples come.
    init(writingTo path: URL) throws {
        try Data("scenario,image,figure,subject,round,value\n".utf8).write(to: path)
        file = try FileHandle(forWritingTo: path)
        try file.seekToEnd()
    }

    mutating func add(
        _ value: Double, _ figure: Figure, by subject: Subject, of run: Case, round: Int
    ) throws {
        all.append(
            Sample(of: run, figure: figure, subject: subject, round: round, value: value))
        let fields = [
            run.scenario, run.image, figure.rawValue, subject.rawValue, "\(round)",
            String(format: "%.3f", value),
        ]
        try file.write(contentsOf: Data((fields.joined(separator: ",") + "\n").utf8))
    }

    /// By round.
    func values(_ figure: Figure, by subject: Subject, of run: Case) -> [Int: Double] {
        var result: [Int: Double] = [:]
        for sample in all
        where sample.of == run && sample.figure == figure && sample.subject == subject {
            result[sample.round] = sample.value
        }
        return result
    }

    /// The cases, in the order of their first sample.
    var cases: [Case] {
        var result: [Case] = []
        for sample in all where !result.contains(sample.of) { result.append(sample.of) }
        return result
    }
}
