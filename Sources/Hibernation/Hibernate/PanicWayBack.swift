// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import PhysicalMemory
import Placement
import Restore
import SaverPlan

/// What a saver kernel that has panicked is left by: the hand-off with a single move, a message to
/// A. The jump-back entry is known when A jumps; the purgatory fills it in.
struct PanicWayBack {
    /// A's RAM: the entry may be anywhere in it.
    let ram: FrameSet
    /// A's.
    let messagePage: PageFrame
    let pagingDepth: PagingDepth
    let debugPort: UInt16

    private static let reason =
        "the saver kernel panicked, or its init ended (see its last messages on the console)"

    private var tables: IdentityMap { IdentityMap(mapping: ram) }

    /// In pages: the block, and behind it the message.
    var pageCount: UInt64 { HandoffBlock.pageCount(tables, moves: 1) + 1 }

    func bytes(at place: PageFrame) -> [UInt8] {
        let message = place + (pageCount - 1)
        let block = HandoffBlock(
            at: FrameRange(place, message), tables,
            [Move(from: .frames(message), to: FrameRange(messagePage, count: 1))])
        let code = HandoffCode.bytes(
            for: block, to: JumpTarget(entry: 0, pagingDepth: pagingDepth), debugPort: debugPort,
            afterPanic: true)
        return block.bytes(code: code) + MessagePage(.failed, Self.reason).bytes
    }
}
