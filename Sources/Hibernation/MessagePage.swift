// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// What A reads in a page of its own memory when it runs again.
///
/// A pins the page and says where it is; whoever jumps back writes the page as part of A's memory.
/// So A learns why a save failed even where the device is what failed.
///
/// Layout, little endian: magic (8 bytes), outcome (u32), length of the text (u32), UTF-8 text.
struct MessagePage: Hashable {
    enum Outcome: UInt32 {
        /// As A left it: nobody has written here.
        case pending = 0
        case resumed = 1
        case failed = 2
    }

    var outcome: Outcome
    /// Why it failed; the restore kernel's release where it did not; while it is pending, what A
    /// has to say to the saver: ``swapList``.
    var text: String

    /// Never all zero, or the page would be left out of the image.
    private static let magic: [UInt8] = Array("kr-word\n".utf8)
    private static let textOffset = 16

    var bytes: [UInt8] {
        let text = Array(text.utf8.prefix(PageFrame.size - Self.textOffset))
        var page = Self.magic
        page += Self.littleEndian(outcome.rawValue) + Self.littleEndian(UInt32(text.count)) + text
        return page + [UInt8](repeating: 0, count: PageFrame.size - page.count)
    }

    init(_ outcome: Outcome, _ text: String = "") {
        self.outcome = outcome
        self.text = text
    }

    /// Pending, with A's word for the saver.
    init(swapList: UInt64?) {
        self.init(.pending, swapList.map { String($0, radix: 16) } ?? "")
    }

    /// Where kexec's list of what it swaps with the saver kernel begins, as `BackupPages` wants it.
    var swapList: UInt64? { outcome == .pending ? UInt64(text, radix: 16) : nil }

    /// Nil where the page is no message.
    init?(_ page: UnsafeRawBufferPointer) {
        guard page.count == PageFrame.size, page.starts(with: Self.magic),
            let outcome = Outcome(
                rawValue: UInt32(
                    littleEndian: page.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        else { return nil }
        let length = Int(
            UInt32(littleEndian: page.loadUnaligned(fromByteOffset: 12, as: UInt32.self)))
        guard length <= PageFrame.size - Self.textOffset else { return nil }
        self.outcome = outcome
        text = String(decoding: page[Self.textOffset..<(Self.textOffset + length)], as: UTF8.self)
    }

    private static func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}
