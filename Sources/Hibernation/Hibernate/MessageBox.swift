// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory

/// The page of A's memory in which A reads, once it runs again, what happened meanwhile.
final class MessageBox {
    let frame: PageFrame
    private let memory: PinnedMemory

    init() throws {
        memory = try PinnedMemory(pageCapacity: 1)
        try memory.grow(byPages: 1)
        memory.address(ofSlot: 0).copyMemory(
            from: MessagePage(.pending).bytes, byteCount: PageFrame.size)
        guard let run = try memory.runs().first else { throw PlatformError.frameUnknown }
        frame = run.frames.lower
    }

    /// Throws where the page is no longer in the frame that was told.
    func checkNotMoved() throws {
        guard try memory.runs().first?.frames.lower == frame else {
            throw ResumeError.framesMoved(count: 1)
        }
    }

    var message: MessagePage? {
        MessagePage(
            UnsafeRawBufferPointer(start: memory.address(ofSlot: 0), count: PageFrame.size))
    }
}
