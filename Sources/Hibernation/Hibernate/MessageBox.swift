// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import Restore
import SaverPlan
import Threads

/// The page of A's memory in which A reads, once it runs again, what happened meanwhile.
final class MessageBox {
    let frame: PageFrame
    private let memory: any PinnedPages
    private let slot: Int

    /// - Parameter avoided: the saver's memory. What is there while the saver runs is not A's, so
    ///   nobody could write a word to it.
    init(avoiding avoided: FrameSet, on machine: any Machine) throws {
        memory = try machine.reserveMemory(pageCapacity: Int(avoided.count) + 1)
        while true {
            try memory.grow(byPages: 1, unless: Cancellation())
            for run in try memory.runs(fromSlot: 0) {
                guard let frame = FrameSet([run.frames]).subtracting(avoided).ranges.first?.lower
                else { continue }
                self.frame = frame
                slot = run.firstIndex + Int(frame.rawValue - run.frames.lower.rawValue)
                leave(MessagePage(.pending))
                return
            }
        }
    }

    /// Writes what is to be read by whoever comes next.
    func leave(_ message: MessagePage) {
        memory.address(ofSlot: slot).copyMemory(
            from: message.bytes, byteCount: PageFrame.size)
    }

    /// Throws where the page is no longer in the frame that was told.
    func checkNotMoved() throws {
        guard try memory.runs(fromSlot: slot).first?.frames.lower == frame else {
            throw RestoreError.framesMoved(count: 1)
        }
    }

    var message: MessagePage? {
        MessagePage(
            UnsafeRawBufferPointer(start: memory.address(ofSlot: slot), count: PageFrame.size))
    }
}
