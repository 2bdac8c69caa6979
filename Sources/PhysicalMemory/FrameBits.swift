// SPDX-License-Identifier: GPL-2.0-or-later

/// Some frames of a memory that is known beforehand, as a bit for each of its frames: a set that
/// takes the same room however scattered the frames are, 32 KiB for each GiB.
package struct FrameBits: Hashable, Sendable {
    /// Ascending; they may touch.
    package let memory: [FrameRange]
    /// Of each range of the memory; each begins with a word of its own.
    let firstWords: [Int]
    /// Bits that belong to no frame are never set.
    private(set) var words: [UInt64]

    /// A place in the memory.
    struct Position {
        var range = 0
        /// In the range, in pages.
        var offset = 0
    }

    /// - Parameters:
    ///   - memory: ascends, and is disjoint.
    ///   - isFull: whether all of its frames are in the set, or none.
    package init(within memory: [FrameRange], isFull: Bool = false) {
        self.memory = memory
        var firstWords: [Int] = []
        var count = 0
        for range in memory {
            firstWords.append(count)
            count += (Int(range.count) + 63) / 64
        }
        self.firstWords = firstWords
        words = Array(repeating: isFull ? .max : 0, count: count)
        if isFull {
            for (index, range) in memory.enumerated() where range.count % 64 != 0 {
                words[firstWords[index] + Int(range.count / 64)] = 1 << (range.count % 64) - 1
            }
        }
    }

    package var count: UInt64 { words.reduce(0) { $0 + UInt64($1.nonzeroBitCount) } }

    /// What of `frames` is not in the memory is passed over.
    package mutating func insert(_ frames: FrameRange) {
        forEachWord(of: frames) { words, index, mask in words[index] |= mask }
    }

    package mutating func remove(_ frames: FrameRange) {
        forEachWord(of: frames) { words, index, mask in words[index] &= ~mask }
    }

    private mutating func forEachWord(
        of frames: FrameRange, _ body: (inout [UInt64], _ index: Int, _ mask: UInt64) -> Void
    ) {
        var number = memory.partitionPoint { $0.upper <= frames.lower }
        while number < memory.count, memory[number].lower < frames.upper {
            let range = memory[number]
            var offset = Int(max(range.lower, frames.lower).rawValue - range.lower.rawValue)
            let end = Int(min(range.upper, frames.upper).rawValue - range.lower.rawValue)
            while offset < end {
                let next = min((offset / 64 + 1) * 64, end)
                let mask = (UInt64.max >> UInt64(64 - (next - offset))) << UInt64(offset % 64)
                body(&words, firstWords[number] + offset / 64, mask)
                offset = next
            }
            number += 1
        }
    }

    /// Costs what `set` has in frames.
    package func intersection(_ set: FrameSet) -> FrameSet {
        FrameSet(
            set.ranges.flatMap { wanted -> [FrameRange] in
                let range = memory.partitionPoint { $0.upper <= wanted.lower }
                guard range < memory.count else { return [] }
                let lower = memory[range].lower
                var position = Position(
                    range: range, offset: Int(max(lower, wanted.lower).rawValue - lower.rawValue))
                var found: [FrameRange] = []
                while let frames = next(from: &position, { words[$0] }),
                    frames.lower < wanted.upper
                {
                    found.append(FrameRange(frames.lower, min(frames.upper, wanted.upper)))
                }
                return found
            })
    }

    /// The frames in the set, ascending, as ranges of which none crosses the bounds of the memory's.
    package var ranges: Ranges { Ranges(bits: self) }

    package struct Ranges: Sequence, IteratorProtocol {
        fileprivate let bits: FrameBits
        private var position = Position()

        fileprivate init(bits: FrameBits) { self.bits = bits }

        package mutating func next() -> FrameRange? {
            bits.next(from: &position) { bits.words[$0] }
        }
    }

    /// The next frames whose bits are set in the words that `word` gives for the words' indices, and
    /// the place behind them; nil where there are none.
    ///
    /// - Parameter limit: of the frames, in pages.
    func next(
        from position: inout Position, limit: Int = .max, _ word: (Int) -> UInt64
    ) -> FrameRange? {
        guard skip(to: &position, word) else { return nil }
        let range = memory[position.range]
        let first = position.offset
        let size = Int(range.count)
        let last = limit < size - first ? first + limit : size
        var end = first
        while end < last {
            // What is shifted in is a bit that is not set.
            let rest = ~word(firstWords[position.range] + end / 64) >> UInt64(end % 64)
            let next = (end / 64 + 1) * 64
            if rest == 0 {
                end = next
                continue
            }
            end += rest.trailingZeroBitCount
            if end < next { break }
        }
        position.offset = Swift.min(end, last)
        return FrameRange(range.lower + UInt64(first), count: UInt64(position.offset - first))
    }

    /// - Returns: false where no more bits are set.
    private func skip(to position: inout Position, _ word: (Int) -> UInt64) -> Bool {
        while position.range < memory.count {
            let size = Int(memory[position.range].count)
            while position.offset < size {
                let bits =
                    word(firstWords[position.range] + position.offset / 64)
                    >> UInt64(position.offset % 64)
                if bits != 0 {
                    position.offset += bits.trailingZeroBitCount
                    return true
                }
                position.offset = (position.offset / 64 + 1) * 64
            }
            position = Position(range: position.range + 1, offset: 0)
        }
        return false
    }
}
