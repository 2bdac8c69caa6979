// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import PhysicalMemory
import Placement

/// The way back into A for a kernel that has changed nothing of it: the hand-off with a single move,
/// a message to A. All that it needs lies in one block of frames, so that nothing of a process has
/// to stay where it is.
package struct WayBackBlock {
    private let code: KexecJumpCode
    private let tables: IdentityMap
    private let messagePage: PageFrame
    private let pagingDepth: PagingDepth
    private let debugPort: UInt16

    /// - Parameters:
    ///   - frames: where block, message page and entry may be.
    ///   - messagePage: A's.
    ///   - pagingDepth: A's; the kernel that goes back has its own.
    package init(
        _ code: KexecJumpCode, mapping frames: FrameSet, messagePage: PageFrame,
        pagingDepth: PagingDepth, debugPort: UInt16 = 0
    ) {
        self.code = code
        tables = IdentityMap(mapping: frames)
        self.messagePage = messagePage
        self.pagingDepth = pagingDepth
        self.debugPort = debugPort
    }

    /// In pages: the hand-off, and behind it the message.
    package var pageCount: UInt64 { HandoffBlock.pageCount(tables, moves: 1) + 1 }

    /// All of it; the code, which is entered at its first byte, comes first.
    ///
    /// - Parameters:
    ///   - place: of its first page.
    ///   - message: a page.
    ///   - entry: A's; where it is not known yet, it belongs at ``KexecJumpCode/entryOffset``.
    ///   - afterPanic: the kernel that leads here has panicked, and shut no device down.
    package func bytes(
        at place: PageFrame, message: [UInt8], entry: PhysicalAddress = PhysicalAddress(0),
        afterPanic: Bool = false
    ) -> [UInt8] {
        let messagesPlace = place + (pageCount - 1)
        let block = HandoffBlock(
            at: FrameRange(place, messagesPlace), tables,
            [Move(from: .frames(messagesPlace), to: FrameRange(messagePage, count: 1))])
        let handoff = code.wayBack(
            block, to: X86JumpTarget(entry: entry.rawValue, pagingDepth: pagingDepth),
            debugPort: debugPort, afterPanic: afterPanic)
        return block.bytes(code: handoff) + message
    }
}
