// SPDX-License-Identifier: GPL-2.0-or-later

/// Which pages of a memory go into an image, and as what: two bits for each, so that it takes the
/// same room however scattered they are, 64 KiB for each GiB.
package struct PageKinds: Hashable, Sendable {
    /// Of those with contents, and of those that are filled with anything but zeroes.
    private var data: FrameBits
    /// Of those that are filled.
    private var filled: FrameBits

    /// All of `memory` has contents.
    ///
    /// - Parameter memory: ascends, and is disjoint.
    package init(_ memory: [FrameRange]) {
        data = FrameBits(within: memory, isFull: true)
        filled = FrameBits(within: memory)
    }

    package var pageCount: UInt64 {
        data.words.indices.reduce(0) {
            $0 + UInt64((data.words[$1] | filled.words[$1]).nonzeroBitCount)
        }
    }

    package mutating func leaveOut(_ frames: FrameRange) {
        data.remove(frames)
        filled.remove(frames)
    }

    /// Requires frames that are in the image.
    package mutating func set(_ run: PageRun) {
        if run.kind == .zero { data.remove(run.frames) } else { data.insert(run.frames) }
        if run.kind == .data { filled.remove(run.frames) } else { filled.insert(run.frames) }
    }

    /// Ascending; neighbours of one kind are one run.
    package var runs: Runs { Runs(kinds: self) }

    package struct Runs: Sequence, IteratorProtocol {
        fileprivate let kinds: PageKinds
        private var position = FrameBits.Position()

        fileprivate init(kinds: PageKinds) { self.kinds = kinds }

        package mutating func next() -> PageRun? {
            // The first page's kind, then how far that goes.
            var probe = position
            guard let first = kinds.next(from: &probe, limit: 1)?.lower else { return nil }
            position = probe
            position.offset -= 1
            let kind = kinds.kind(at: position)
            let frames = kinds.next(from: &position, limit: Int(UInt32.max), of: kind)
            return PageRun(first: first, count: UInt32(frames?.count ?? 1), kind: kind)
        }
    }

    /// Cuts what is in the image, piece after piece.
    package struct Cutter: Sendable {
        fileprivate var position = FrameBits.Position()
        package init() {}
    }

    /// The next pages in the image, whatever their kinds: at most `limit`, within four times that
    /// many frames. Nil at the end.
    package func cut(_ cutter: inout Cutter, limit: Int) -> [FrameRange]? {
        guard let first = next(from: &cutter.position, limit: limit) else { return nil }
        var ranges = [first]
        var room = limit - Int(first.count)
        let range = cutter.position.range
        while room > 0 {
            var position = cutter.position
            guard let next = next(from: &position, limit: room), position.range == range,
                next.lower.rawValue - first.lower.rawValue <= UInt64(3 * limit)
            else { break }
            cutter.position = position
            ranges.append(next)
            room -= Int(next.count)
        }
        return ranges
    }

    /// Takes in, as data, what is left out between pages that are in the image, where it is fewer
    /// than `limit` pages.
    package mutating func fillGaps(below limit: UInt64) {
        var position = FrameBits.Position()
        var previous: (range: Int, end: PageFrame)?
        while let frames = next(from: &position) {
            if let previous, previous.range == position.range,
                frames.lower.rawValue - previous.end.rawValue < limit
            {
                data.insert(FrameRange(previous.end, frames.lower))
            }
            previous = (position.range, frames.upper)
        }
    }

    private func kind(at position: FrameBits.Position) -> PageRun.Kind {
        let index = data.firstWords[position.range] + position.offset / 64
        let isSet = { (bits: FrameBits) in
            bits.words[index] >> UInt64(position.offset % 64) & 1 != 0
        }
        if !isSet(filled) { return .data }
        return isSet(data) ? .poison : .zero
    }

    private func next(
        from position: inout FrameBits.Position, limit: Int = .max, of kind: PageRun.Kind? = nil
    ) -> FrameRange? {
        data.next(from: &position, limit: limit) { index in
            let data = data.words[index]
            let filled = filled.words[index]
            return switch kind {
            case .data: data & ~filled
            case .zero: filled & ~data
            case .poison: filled & data
            case nil: data | filled
            }
        }
    }
}
