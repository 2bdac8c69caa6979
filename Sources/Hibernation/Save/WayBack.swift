// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import Placement
import Restore
import SaverPlan
import Transfer

/// The way back into A, which has not been changed: the restore engine with an image of one page,
/// A's message page. A swaps its own memory back in by itself.
///
/// It is laid before the saver does anything else, so that taking it later needs no memory.
final class WayBack {
    private let engine: RestoreEngine

    init(_ orders: SaverOrders, on machine: any Machine) throws {
        // The saver's own memory is what A gave it, so all of it may be lost.
        let own = try MachineFacts.firmwareMap(machine).ram
        let word = FrameRange(orders.parameters.messagePage.frame, count: 1)
        // A's entry switches to A's own page tables; until then only its page must be mapped.
        let entry = FrameRange(orders.jumpBackEntry.frame, count: 1)
        engine = try RestoreEngine(
            DestinationMap(data: [word], zero: [], ram: own.union(FrameSet([word])), free: own),
            tables: IdentityMap(mapping: own.union(FrameSet([word, entry]))),
            memory: ImageMemory(pages: 1, reserve: 0, on: machine), reserve: 0, on: machine)
        // The saver kernel chooses its own paging depth, so A says which is A's.
        try engine.load(
            JumpTarget(
                entry: orders.jumpBackEntry.rawValue,
                pagingDepth: orders.parameters.pagingDepth),
            debugPort: 0)
    }

    func take(saying reason: String) throws -> Never {
        try MessagePage(.failed, reason).bytes.withUnsafeBytes {
            try engine.places.store($0, firstPage: 0)
        }
        try engine.jump()
    }
}
