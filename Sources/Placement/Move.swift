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

    package var source: Source
    package var destination: FrameRange

    package init(from source: Source, to destination: FrameRange) {
        self.source = source
        self.destination = destination
    }

    /// Bytes of one entry: source and destination addresses and the page count, 64 bits each.
    static let serializedSize = 24

    /// Frame 0 is never a source (the kernel gives it to nobody), so an address in it can be a byte
    /// to fill with.
    var words: [UInt64] {
        let from =
            switch source {
            case .frames(let first): first.address.rawValue
            case .byte(let byte): UInt64(byte)
            }
        return [from, destination.lower.address.rawValue, destination.count]
    }

    /// What a move to the frames behind the destination must come from to continue this one.
    fileprivate var nextSource: Source {
        switch source {
        case .frames(let first): .frames(first + destination.count)
        case .byte: source
        }
    }
}

extension [Move] {
    /// Adds `move`, as part of the last one where it continues it on both sides.
    mutating func appendMerging(_ move: Move) {
        guard let last, last.destination.upper == move.destination.lower,
            last.nextSource == move.source
        else {
            append(move)
            return
        }
        self[count - 1].destination.upper = move.destination.upper
    }
}
