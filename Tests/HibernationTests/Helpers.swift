// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Foundation
import KresumeImage
import Synchronization
import TestSupport

/// What the firmware keeps for systemd: attributes, and UTF-16 JSON.
func locationVariable(_ uuid: String, offset: UInt64 = 0, system: String? = nil) -> [UInt8] {
    let id = system.map { ",\"osReleaseId\":\"\($0)\"" } ?? ""
    let text = "{\"uuid\":\"\(uuid)\",\"offset\":\(offset)\(id)}"
    return [7, 0, 0, 0] + (Array(text.utf16) + [0]).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
}

/// The same image after somebody has tried it.
func markedResuming(_ bytes: [UInt8]) throws -> [UInt8] {
    var bytes = bytes
    let write = StateRecord(id: OriginalKernel.id, state: .resuming).write
    bytes.replaceSubrange(
        Int(write.offset)..<Int(write.offset) + write.bytes.count, with: write.bytes)
    return bytes
}

/// The first pages of an image of the kernel's own hibernation, which has nothing behind them.
func stockFront() -> [UInt8] {
    var bytes = emptySwap()
    bytes.store(UInt64(1), at: 4064)  // the map page
    bytes.store(UInt32(2), at: 4072)  // not compressed
    bytes.store("SWAPSPACE2".utf8, at: 4076)
    bytes.store("S1SUSPEND\0".utf8, at: 4086)
    bytes.store(UInt64(2), at: 4096)  // the info page
    let info: [Int: UInt64] = [
        0: 0xffff_ffff_8040_1040, 1: 0x40_1040, 2: 0x2_0000, 3: 0x2345_6789_abcd_ef02, 4: 1,
        50: 4096, 52: 1, 53: 3, 54: 3 * 4096,
    ]
    for (index, word) in info { bytes.store(word, at: 8192 + 8 * index) }
    return bytes
}

/// Lets other threads go on.
func yieldProcessor() { sched_yield() }

/// Memory as it is at a jump.
final class CapturedMemory: @unchecked Sendable {
    var read: () throws -> [UInt64: [UInt8]] = { [:] }
    private(set) var memory: [UInt64: [UInt8]] = [:]

    func take() { memory = (try? read()) ?? [:] }
}

/// What was so of a pinning when the user was told something.
final class PinningWatch: Sendable {
    private let state = Mutex<(isCancelled: ScriptedMachine.Cancelling?, whenSaid: Bool?)>(
        (nil, nil))

    func began(_ isCancelled: @escaping ScriptedMachine.Cancelling) {
        state.withLock { $0.isCancelled = isCancelled }
    }

    func said() {
        // The pinning may not have begun yet.
        while state.withLock({ $0.isCancelled == nil }) { yieldProcessor() }
        state.withLock { $0.whenSaid = $0.isCancelled?() }
    }

    /// Nil where nothing was said.
    var wasCancelledWhenSaid: Bool? { state.withLock { $0.whenSaid } }
}
