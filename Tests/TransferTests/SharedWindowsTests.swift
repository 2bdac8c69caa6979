// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import LinuxPlatform
import PhysicalMemory
import SystemPackage
import TestSupport
import Testing
import Threads

@testable import Transfer

/// Whatever piece shows a page, it shows that page.
@Suite struct SharedWindowsTests {
    /// Two stretches of memory that touch, and lie apart in the file, the other way round; each begins with its
    /// frame's number.
    private static let ranges = [
        FrameRange(PageFrame(0x100), PageFrame(0x100 + 9000)),
        FrameRange(PageFrame(0x100 + 9000), PageFrame(0x100 + 9100)),
    ]

    private func memory(_ tree: borrowing TemporaryTree) throws -> SavedMemory {
        var programs: [Program] = []
        var offset: UInt64 = 4096
        for range in Self.ranges.reversed() {
            let memory = range.physicalRange
            programs.append(
                Program(offset: offset, address: memory.start.rawValue, fileSize: memory.size))
            offset += memory.size
        }
        var bytes = core(programs)
        bytes += [UInt8](repeating: 0, count: 4096 - bytes.count)
        for range in Self.ranges.reversed() {
            for frame in range.lower.rawValue..<range.upper.rawValue {
                var page = [UInt8](repeating: UInt8(truncatingIfNeeded: frame), count: 4096)
                withUnsafeBytes(of: frame.littleEndian) { page.replaceSubrange(0..<8, with: $0) }
                bytes += page
            }
        }
        let file = try tree.write(bytes, to: "core")
        return try SavedMemory(ScriptedMachine { $0.cores[CoreFile.vmcore] = file })
    }

    /// Throws where a view is not what it should be.
    private func look(_ frames: [FrameRange], in windows: SharedWindows) throws {
        let first = frames[0].lower
        let end = frames[frames.count - 1].upper
        try windows.view(frames) { bytes in
            #expect(bytes.count == Int(end.rawValue - first.rawValue) * 4096)
            for frame in [first, PageFrame(end.rawValue - 1)] {
                let offset = Int(frame.rawValue - first.rawValue) * 4096
                let number = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                let last = bytes[offset + 4095]
                #expect(
                    number == frame.rawValue && last == UInt8(truncatingIfNeeded: frame.rawValue))
            }
        }
    }

    /// As they are saved: parts that ascend, some of one page, some with gaps, each in one range.
    private static let parts: [[FrameRange]] = {
        var random = SplitMix(state: 7)
        return ranges.flatMap { range -> [[FrameRange]] in
            var parts: [[FrameRange]] = []
            var frame = range.lower
            while frame < range.upper {
                var part: [FrameRange] = []
                for _ in 0..<Int.random(in: 1...3, using: &random) where frame < range.upper {
                    let left = range.upper.rawValue - frame.rawValue
                    let run = FrameRange(
                        frame, count: min(left, UInt64.random(in: 1...120, using: &random)))
                    part.append(run)
                    frame = min(run.upper + UInt64.random(in: 0...9, using: &random), range.upper)
                }
                parts.append(part)
            }
            return parts
        }
    }()

    @Test func severalThreadsAscend() throws {
        let tree = try TemporaryTree()
        let windows = SharedWindows(try memory(tree))
        let next = Monitor(0)
        let threads = (0..<4).map { _ in
            Future {
                while true {
                    let index = next.waitAndChange { index -> Int? in
                        defer { index += 1 }
                        return index
                    }
                    guard index < Self.parts.count else { return }
                    try look(Self.parts[index], in: windows)
                }
            }
        }
        for thread in threads { try thread.value() }
    }

    @Test func inNoOrder() throws {
        let tree = try TemporaryTree()
        let windows = SharedWindows(try memory(tree))
        var random = SplitMix(state: 8)
        for part in Self.parts.shuffled(using: &random) { try look(part, in: windows) }
        // Larger than a piece is.
        try look([FrameRange(Self.ranges[0].lower, count: 8000)], in: windows)
        try look([Self.ranges[1]], in: windows)
    }

    /// Pieces that others have put in its place do not take it away.
    @Test func whatIsLookedAtStays() throws {
        let tree = try TemporaryTree()
        let windows = SharedWindows(try memory(tree))
        let first = Self.parts[0]
        try windows.view(first) { bytes in
            for part in Self.parts.reversed() { try look(part, in: windows) }
            #expect(bytes.load(as: UInt64.self) == first[0].lower.rawValue)
        }
    }

    @Test func whatIsNotThereIsRefused() throws {
        let tree = try TemporaryTree()
        let windows = SharedWindows(try memory(tree))
        for range in [
            FrameRange(PageFrame(0xff), count: 2), FrameRange(Self.ranges[1].upper, count: 1),
        ] {
            #expect(throws: TransferError.self) { try windows.view([range]) { _ in } }
        }
    }
}
