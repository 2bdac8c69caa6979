// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// One entry of the list that the hand-off code carries out, in order.
///
/// On the other side it is `struct kresume_handoff_move` of CHandoff; a test compares the two.
package struct Move: Hashable, Sendable {
    package enum Source: Hashable, Sendable {
        /// The first frame of as many as the destination has.
        case frames(PageFrame)
        /// Each byte of the destination becomes this.
        case byte(UInt8)
    }

    /// Frame 0 is never a source (the kernel gives it to nobody), so an address in it can be a byte
    /// to fill with. There may be millions of moves: a `Source` takes twice as much.
    private let from: UInt64
    package private(set) var destination: FrameRange

    package init(from source: Source, to destination: FrameRange) {
        from =
            switch source {
            case .frames(let first): first.address.rawValue
            case .byte(let byte): UInt64(byte)
            }
        self.destination = destination
    }

    package var source: Source {
        from < PageFrame.size ? .byte(UInt8(from)) : .frames(PhysicalAddress(from).frame)
    }

    /// Bytes of one entry: source and destination addresses and the page count, 64 bits each.
    static let serializedSize = 24

    var words: (UInt64, UInt64, UInt64) {
        (from, destination.lower.address.rawValue, destination.count)
    }

    /// What a move to the frames behind the destination must come from to continue this one.
    private var nextFrom: UInt64 {
        from < PageFrame.size ? from : from + destination.count * UInt64(PageFrame.size)
    }

    /// Takes `next` in, where it continues this move on both sides.
    fileprivate mutating func merge(_ next: Move) -> Bool {
        guard destination.upper == next.destination.lower, nextFrom == next.from else {
            return false
        }
        destination.upper = next.destination.upper
        return true
    }
}

extension [Move] {
    /// Adds `move`, as part of the last one where it continues it on both sides.
    mutating func appendMerging(_ move: Move) {
        if isEmpty || !self[count - 1].merge(move) { append(move) }
    }
}
