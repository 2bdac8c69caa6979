// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import Synchronization

/// Shows A's memory to the threads that save it, in pieces much larger than what each of them takes: whoever
/// takes a mapping away interrupts every processor, and waits until all have answered. A piece stays for as
/// long as somebody looks at it, or is likely to.
final class SharedWindows: Sendable {
    private final class Piece: Sendable {
        let frames: FrameRange
        let window: CoreWindow

        init(_ frames: FrameRange, _ window: consuming CoreWindow) {
            self.frames = frames
            self.window = window
        }
    }

    private let memory: SavedMemory
    /// The newest one last.
    private let pieces = Mutex<[Piece]>([])

    /// Their page tables take 32 KiB.
    private static let piecePages: UInt64 = (16 << 20) / UInt64(PageFrame.size)
    /// A thread may come late for a part of the last but one.
    private static let kept = 2

    init(_ memory: SavedMemory) { self.memory = memory }

    /// Calls `body` with all from the first of `frames` to the last. They are in one range of the memory's.
    func view<Result>(
        _ frames: [FrameRange], _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let range = FrameRange(frames[0].lower, frames[frames.count - 1].upper)
        guard let piece = try piece(with: range) else {
            let window = try memory.window(range)
            return try body(window.bytes)
        }
        let start = Int(range.lower.rawValue - piece.frames.lower.rawValue) * PageFrame.size
        let count = Int(range.count) * PageFrame.size
        return try withExtendedLifetime(piece) {
            try body(UnsafeRawBufferPointer(rebasing: piece.window.bytes[start..<(start + count)]))
        }
    }

    /// Nil where the kernel lets nobody map it.
    private func piece(with range: FrameRange) throws -> Piece? {
        // One that is replaced goes when the lock is open again.
        var old: Piece?
        defer { withExtendedLifetime(old) {} }
        return try pieces.withLock { pieces throws -> Piece? in
            let found = pieces.last {
                $0.frames.lower <= range.lower && range.upper <= $0.frames.upper
            }
            if let found { return found }
            let frames = try memory.stretch(from: range, pageCount: Self.piecePages)
            guard let window = try memory.mapping(frames) else { return nil }
            let piece = Piece(frames, window)
            if pieces.count == Self.kept { old = pieces.removeFirst() }
            pieces.append(piece)
            return piece
        }
    }
}
