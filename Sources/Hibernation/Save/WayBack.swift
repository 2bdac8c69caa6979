// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import Restore
import SaverPlan

/// The way back into A, which has not been changed. A swaps its own memory back in by itself.
///
/// It is laid before the saver does anything else, so that taking it later needs no memory; with
/// the reason it is laid once more, and if that fails, the first one is still there (`do_kexec_load`,
/// kernel/kexec.c, Linux 6.12: a load that fails leaves what was loaded).
final class WayBack {
    private static let noReason = "the saver kernel could not say why"

    private let machine: any Machine
    private let jump: JumpBack
    private let block: WayBackBlock
    private let frames: FrameRange
    private let entry: PhysicalAddress

    init(_ orders: SaverOrders, on machine: any Machine) throws {
        self.machine = machine
        jump = JumpBack(on: machine)
        // The saver's own memory is what A gave it, so all of it may be lost.
        let own = try MachineFacts.firmwareMap(machine).ram
        let message = orders.parameters.messagePage.frame
        entry = orders.jumpBackEntry
        // A's entry switches to A's own page tables; until then only its page must be mapped.
        block = WayBackBlock(
            try KexecJumpCode.required(),
            mapping: own.union(FrameSet([message, entry.frame].map { FrameRange($0, count: 1) })),
            messagePage: message, pagingDepth: orders.parameters.pagingDepth)
        guard let room = own.ranges.max(by: { $0.count < $1.count }), room.count >= block.pageCount
        else { throw SaveError.noWayBack }
        frames = FrameRange(PageFrame(room.upper.rawValue - block.pageCount), room.upper)
        try load(MessagePage(.failed, Self.noReason))
    }

    /// Throws only where the jump failed.
    func take(leaving message: MessagePage) throws -> Never {
        try? load(message)
        try jump.take()
        throw RestoreError.jumpReturned
    }

    private func load(_ message: MessagePage) throws {
        let bytes = block.bytes(at: frames.lower, message: message.bytes, entry: entry)
        try bytes.withUnsafeBytes {
            try machine.loadKexec(
                entry: frames.lower.address,
                segments: [
                    KexecSegment(
                        buffer: $0, memory: frames.lower.address,
                        memorySize: frames.physicalRange.size)
                ], flags: .ownArchitecture)
        }
    }
}
