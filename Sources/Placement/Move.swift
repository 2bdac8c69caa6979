// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// One entry of the list that the hand-off code carries out, in order.
///
/// On the other side it is `struct kresume_handoff_move` of CHandoff; a test compares the two.
public struct Move: Hashable, Sendable {
    /// Nil: fill the destination with zeroes.
    public var source: PageFrame?
    public var destination: FrameRange

    public init(from source: PageFrame?, to destination: FrameRange) {
        self.source = source
        self.destination = destination
    }

    /// Bytes of one entry: source and destination addresses and the page count, 64 bits each.
    static let serializedSize = 24

    /// Frame 0 is never a source (the kernel gives it to nobody), so address 0 can say "zeroes".
    var words: [UInt64] {
        [source?.address.rawValue ?? 0, destination.lower.address.rawValue, destination.count]
    }
}

extension [Move] {
    /// Adds `move`, as part of the last one where it continues it on both sides.
    mutating func appendMerging(_ move: Move) {
        guard let last, last.destination.upper == move.destination.lower,
            last.source.map({ $0 + last.destination.count }) == move.source
        else {
            append(move)
            return
        }
        self[count - 1].destination.upper = move.destination.upper
    }
}
