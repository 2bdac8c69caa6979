// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import Placement

/// Takes the machine back into A, which has not been changed: the restore engine with an image of
/// one page, A's message page. A swaps its own memory back in by itself.
struct GoBack {
    let parameters: SaverParameters

    /// Returns only by an error.
    func run(saying reason: String) throws {
        guard let entry = parameters.jumpBackEntry else {
            throw SaveError.commandLine(option: "kexec_jump_back_entry")
        }
        // The saver's own memory is what A gave it, so all of it may be lost.
        let own = try MachineFacts.firmwareMap().ram
        let word = FrameRange(parameters.messagePage.frame, count: 1)
        // A's entry switches to A's own page tables; until then only its page must be mapped.
        let mapped = own.union(FrameSet([word, FrameRange(entry.frame, count: 1)]))
        let quiet = try QuietMemory()
        let engine = try RestoreEngine(
            Demand(data: [word], zero: [], ram: own.union(FrameSet([word])), free: own),
            tables: IdentityMap(mapping: mapped),
            handoffLimit: .belowFourGiB)
        MessagePage(.failed, reason).bytes.withUnsafeBytes {
            engine.places.store($0, firstPage: 0)
        }
        // The saver was entered with A's paging depth.
        let target = JumpTarget(entry: entry.rawValue, pagingLevels: try KernelInfo.pagingLevels())
        try engine.load(target, debugPort: 0)
        try engine.checkNothingMoved()
        try Kexec.execute()
        withExtendedLifetime(quiet) {}
    }
}
