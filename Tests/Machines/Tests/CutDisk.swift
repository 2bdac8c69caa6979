// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import TestSupport
import Testing

/// What a power cut leaves of the writes after the last flush: any of them, and parts of some.
struct PowerCut {
    var kept: [WriteLog.Write] = []
    var lost: [WriteLog.Write] = []

    /// - Parameter isKept: asked with the write's place in its epoch.
    init(_ epoch: [WriteLog.Write], _ isKept: (Int) -> Bool) {
        for (place, write) in epoch.enumerated() {
            if isKept(place) { kept.append(write) } else { lost.append(write) }
        }
    }

    /// Loses the beginning or the end of a write that is kept.
    mutating func tear(grain: Int, _ random: inout SplitMix) {
        let candidates = kept.indices.filter { kept[$0].count > grain }
        guard let torn = candidates.randomElement(using: &random) else { return }
        let write = kept[torn]
        let border = Int.random(in: 1..<(write.count / grain), using: &random) * grain
        let halves = [write.part(0..<border), write.part(border..<write.count)]
        let keptHalf = Int.random(in: 0...1, using: &random)
        kept[torn] = halves[keptHalf]
        lost.append(halves[1 - keptHalf])
    }

    /// Every prefix, and every epoch that lacks one write.
    static func each(of epoch: [WriteLog.Write]) -> [PowerCut] {
        epoch.indices.flatMap { place in
            [PowerCut(epoch) { $0 < place }, PowerCut(epoch) { $0 != place }]
        }
    }

    /// As many of the ways to lose something, a good half of them with a torn write.
    static func some(
        _ count: Int, of epoch: [WriteLog.Write], grain: Int, _ random: inout SplitMix
    ) -> [PowerCut] {
        guard !epoch.isEmpty else { return [] }
        return (0..<count).map { number in
            let place = Int.random(in: epoch.indices, using: &random)
            let late = epoch.count - 1 - Int.random(in: 0..<min(12, epoch.count), using: &random)
            var cut =
                switch number % 6 {
                case 0: PowerCut(epoch) { $0 < place }
                case 1: PowerCut(epoch) { $0 > place }
                case 2: PowerCut(epoch) { $0 != place }
                case 3: PowerCut(epoch) { $0 != late }
                case 4: PowerCut(epoch) { _ in Bool.random(using: &random) }
                default: PowerCut(epoch) { _ in Int.random(in: 0..<20, using: &random) > 0 }
                }
            if number % 5 < 3 || cut.lost.isEmpty { cut.tear(grain: grain, &random) }
            return cut
        }
    }
}

/// A disk on its way through a log of what was written to it; and what kresume makes of it where the
/// power is cut.
final class CutDisk {
    /// What kresume says of the image on it, if there is one.
    enum Verdict: Hashable {
        case none
        /// Every page is as its checksum says. Stock images have no id.
        case whole(state: String, id: String)
        case used
        case refused(String)

        var word: String {
            switch self {
            case .none: "none"
            case .whole(let state, _): state
            case .used: "used"
            case .refused: "refused"
            }
        }
    }

    private struct Inspection: Decodable {
        var state: String?
        var id: String?
    }

    let path: String
    private let file: FileHandle

    /// A copy, in memory where the host has room: every change is read past the page cache.
    init(copying disk: String, as name: String, on bench: Bench) throws {
        path = Self.isRoomInMemory ? "/dev/shm/kresume-\(UUID().uuidString)" : bench.scratch(name)
        try Host.run(["cp", "--sparse=always", disk, path])
        file = try FileHandle(forUpdating: URL(filePath: path))
    }

    deinit { unlink(path) }

    private static var isRoomInMemory: Bool {
        var status = statvfs()
        return statvfs("/dev/shm", &status) == 0
            && UInt64(status.f_bavail) * UInt64(status.f_frsize) > 2 << 30
    }

    func read(_ range: Range<Int>) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        let count = pread(file.fileDescriptor, &bytes, range.count, off_t(range.lowerBound))
        guard count == range.count else { throw MachineError.notStarted(EIO, path) }
        return bytes
    }

    private func write(_ bytes: [UInt8], at offset: Int) throws {
        guard pwrite(file.fileDescriptor, bytes, bytes.count, off_t(offset)) == bytes.count else {
            throw MachineError.notStarted(EIO, path)
        }
    }

    func apply(_ writes: [WriteLog.Write], of log: WriteLog) throws {
        for write in writes { try self.write(log.bytes(of: write), at: write.offset) }
    }

    /// Does `body` with these writes done, and takes them back.
    func with<Result>(
        _ writes: [WriteLog.Write], of log: WriteLog, _ body: () throws -> Result
    ) throws -> Result {
        let before = try writes.map { ($0.offset, try read($0.range)) }
        try apply(writes, of: log)
        let result = try body()
        for (offset, bytes) in before.reversed() { try write(bytes, at: offset) }
        return result
    }

    /// By the program that is tested, on the host.
    func verdict() throws -> Verdict {
        let inspected = try Host.reply(to: [Host.kresume, "inspect", "-q", "--json", path])
        if inspected.status != 0 {
            if inspected.output.isEmpty { return .none }
            let isUsed = inspected.output.contains("the image has been used")
            return isUsed ? .used : .refused(inspected.output)
        }
        let verified = try Host.reply(to: [Host.kresume, "verify", "-q", path])
        if verified.status != 0 { return .refused(verified.output) }
        let decoder = JSONDecoder()
        let image = try decoder.decode(Inspection.self, from: Data(inspected.output.utf8))
        return .whole(state: image.state ?? "stock", id: image.id ?? "")
    }
}

/// A disk and all that was written to it while a machine ran.
struct RecordedDisk {
    /// As it was before, and as it is now.
    let base, path: String
    var log: WriteLog
    let bench: Bench
    /// What was there from the beginning, and has to be again where there is no image.
    let swapHeader: [UInt8]

    /// The part of a write that a disk does as a whole, in bytes.
    var grain = WriteLog.sectorSize
    /// Whether an image may be there that is not whole: the kernel's own may, if it is refused.
    var mayBeRefused = false

    struct Outcome {
        /// What there is at the flushes, each once.
        var verdicts: [CutDisk.Verdict]
        /// What is not as it should be after a cut.
        var faults: [String] = []
        /// How often there is what after a cut.
        var counts: [String: Int] = [:]

        var words: [String] { verdicts.map(\.word) }
    }

    /// Cuts the power at every flush, and at some or all of the moments between.
    ///
    /// - Parameter beforeSignature: called with the disk when the write that makes it an image is
    ///   about to come.
    func cutPower(
        seed: UInt64, beforeSignature: (CutDisk) throws -> Void = { _ in }
    ) throws -> Outcome {
        var random = SplitMix(state: seed)
        let disk = try CutDisk(copying: base, as: "cut", on: bench)
        // The same, one flush later.
        let ahead = try CutDisk(copying: base, as: "ahead", on: bench)
        var before = try disk.verdict()
        var outcome = Outcome(verdicts: [before])
        for epoch in log.epochs where !epoch.isEmpty {
            try ahead.apply(epoch, of: log)
            let after = try ahead.verdict()
            if before == .none, case .whole = after { try beforeSignature(disk) }
            let isDecisive = before != after || epoch.contains { $0.offset < 3 * 4096 }
            for cut in cuts(of: epoch, isDecisive: isDecisive, &random) {
                let (verdict, fault) = try disk.with(cut.kept, of: log) {
                    try judge(disk, ahead, cut, before, after)
                }
                outcome.counts[verdict.word, default: 0] += 1
                if let fault { outcome.faults.append(fault) }
            }
            try disk.apply(epoch, of: log)
            if after != before { outcome.verdicts.append(after) }
            before = after
        }
        // Nothing is missing in the log.
        try Host.run(["cmp", disk.path, path])
        let counts = outcome.counts.sorted(by: <).map { "\($1) \($0)" }.joined(separator: ", ")
        print(
            "power cuts between \(log.epochs.count) flushes, \(log.epochs.joined().count) writes: \(counts)"
        )
        return outcome
    }

    /// `make cuts` sets how many times as many there are to be.
    private static let factor =
        ProcessInfo.processInfo.environment["KRESUME_CUTS"].flatMap { Int($0) } ?? 1

    private func cuts(
        of epoch: [WriteLog.Write], isDecisive: Bool, _ random: inout SplitMix
    ) -> [PowerCut] {
        let isShort = epoch.count <= 4
        let each = isShort || Self.factor > 1 && isDecisive ? PowerCut.each(of: epoch) : []
        let count = Self.factor * (!isDecisive ? 2 : isShort ? 3 : 40)
        return each + PowerCut.some(count, of: epoch, grain: grain, &random)
    }

    /// What there is; and what is wrong with that, if anything.
    private func judge(
        _ disk: CutDisk, _ ahead: CutDisk, _ cut: PowerCut, _ before: CutDisk.Verdict,
        _ after: CutDisk.Verdict
    ) throws -> (CutDisk.Verdict, fault: String?) {
        let verdict = try disk.verdict()
        let isAllThere = try cut.lost.allSatisfy { write in
            try disk.read(write.range) == ahead.read(write.range)
        }
        let isRight =
            if isAllThere {
                verdict == after
            } else if mayBeRefused, before == .none, after != .none {
                // Half of it passes for nothing, or for an image that is not whole. Or what was lost is what the
                // kernel leaves behind the last byte of packed data: then all that counts is as the checksum
                // in the new one's header says.
                try ["none", "refused"].contains(verdict.word)
                    || verdict == after && disk.read(0..<4096) == ahead.read(0..<4096)
            } else {
                verdict == before || verdict == after
            }
        let hasHeader =
            try verdict != .none || disk.read(0..<2048) + disk.read(4086..<4096) == swapHeader
        if isRight && hasHeader { return (verdict, nil) }
        let ranges = cut.lost.map { "\($0.range)" }.joined(separator: " ")
        return (verdict, "\(verdict) between \(before) and \(after); lost: \(ranges)")
    }
}
