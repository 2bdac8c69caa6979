// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import Placement

/// Takes the machine back into A, which has not been changed: the restore engine with an image of
/// one page, A's message page. A swaps its own memory back in by itself.
struct GoBack {
    let orders: SaverOrders

    func run(saying reason: String) throws -> Never {
        let entry = orders.jumpBackEntry
        // The saver's own memory is what A gave it, so all of it may be lost.
        let own = try MachineFacts.firmwareMap().ram
        let word = FrameRange(orders.parameters.messagePage.frame, count: 1)
        // A's entry switches to A's own page tables; until then only its page must be mapped.
        let mapped = own.union(FrameSet([word, FrameRange(entry.frame, count: 1)]))
        let engine = try RestoreEngine(
            Demand(data: [word], zero: [], ram: own.union(FrameSet([word])), free: own),
            tables: IdentityMap(mapping: mapped),
            handoffLimit: .belowFourGiB)
        MessagePage(.failed, reason).bytes.withUnsafeBytes {
            engine.places.store($0, firstPage: 0)
        }
        // The saver was entered with A's paging depth.
        let target = JumpTarget(entry: entry.rawValue, pagingLevels: try KernelInfo.pagingLevels())
        try engine.jump(to: target, debugPort: 0) {}
    }
}
