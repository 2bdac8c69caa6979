// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Explanation
import KresumeImage
import PhysicalMemory

/// What A reads in a page of its own memory when it runs again.
///
/// A pins the page and says where it is; whoever jumps back writes the page as part of A's memory.
/// So A learns why a save failed even where the device is what failed.
///
/// Layout, little endian: magic (8 bytes), outcome (u32), length of the text (u32), UTF-8 text; as the
/// last 64 bytes the seed, or zeroes.
package struct MessagePage: Hashable {
    package enum Outcome: UInt32 {
        /// As A left it: nobody has written here.
        case pending = 0
        case resumed = 1
        case failed = 2
        /// By somebody at the saver kernel.
        case cancelled = 3
        /// It was a test, and all went well.
        case tested = 4
        /// Memory kept its power, and the image is gone.
        case awake = 5
    }

    package var outcome: Outcome
    /// Why it failed; the restore kernel's release where it did not; how it was cancelled; a
    /// ``TestResult``; while it is pending, what A has to say to the saver: ``swapList``,
    /// ``preparedImage``, ``sealOrders``.
    package var text: String
    /// Random bytes from the kernel that brought A back, ``seedSize`` of them or none: who has copied the
    /// disk could bring it back once more, with the same random numbers to come.
    package var seed: [UInt8]

    package static let seedSize = 64

    /// Never all zero, or the page would be left out of the image.
    private static let magic: [UInt8] = Array("kr-word\n".utf8)
    private static let textOffset = 16
    private static let seedOffset = PageFrame.size - seedSize

    /// A text that is too long is cut between two characters of Unicode.
    package var bytes: [UInt8] {
        let room = Self.seedOffset - Self.textOffset
        var end = text.utf8.index(text.startIndex, offsetBy: room, limitedBy: text.endIndex)
        while let place = end, place.samePosition(in: text.unicodeScalars) == nil {
            end = text.utf8.index(before: place)
        }
        let text = Array(text.utf8[..<(end ?? text.endIndex)])
        var page = ByteWriter(capacity: PageFrame.size)
        page.append(Self.magic)
        page.append(outcome.rawValue)
        page.append(UInt32(text.count))
        page.append(text)
        page.pad(to: seed.isEmpty ? PageFrame.size : Self.seedOffset)
        page.append(seed)
        return page.bytes
    }

    /// - Parameter seed: is used if it has the right size.
    package init(_ outcome: Outcome, _ text: String = "", seed: [UInt8] = []) {
        self.outcome = outcome
        self.text = text
        self.seed = seed.count == Self.seedSize ? seed : []
    }

    /// Pending, with A's word for the saver: hexadecimal numbers, and 0 for no list; before them, if the
    /// image is to be sealed, how.
    package init(
        swapList: UInt64?, preparedImage: [PageFrame] = [], sealOrders: SealOrders? = nil
    ) {
        let numbers = [swapList ?? 0] + preparedImage.map(\.rawValue)
        let words =
            (sealOrders.map { [Self.sealWord + Self.digits($0)] } ?? [])
            + numbers.map { String($0, radix: 16) }
        self.init(.pending, words.joined(separator: " "))
    }

    private static let sealWord = "seal:"

    private static func digits(_ orders: SealOrders) -> String {
        (orders.publicKey + orders.token + orders.seed).map {
            ($0 < 16 ? "0" : "") + String($0, radix: 16)
        }.joined() + ":" + String(orders.unlocking, radix: 16)
    }

    /// How the image is to be sealed: nil where it is not to be.
    ///
    /// Throws where it is, and nobody can tell how: such an image must not be written in clear.
    package func sealOrders() throws(MessagePageError) -> SealOrders? {
        let words = outcome == .pending ? text.split(separator: " ") : []
        guard let word = words.first(where: { $0.hasPrefix(Self.sealWord) }) else { return nil }
        let parts = word.dropFirst(Self.sealWord.count).split(separator: ":")
        guard parts.count == 2, let unlocking = UInt64(parts[1], radix: 16) else {
            throw .sealOrders
        }
        let digits = Array(parts[0].utf8)
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
        // What Swift reads as a number may have a sign.
        guard digits.count == 2 * 96, !digits.contains(UInt8(ascii: "+")),
            bytes.count == 96,
            let orders = SealOrders(
                publicKey: Array(bytes[..<32]), token: Array(bytes[32..<64]),
                seed: Array(bytes[64...]), unlocking: unlocking)
        else { throw .sealOrders }
        return orders
    }

    /// Where kexec's list of what it swaps with the saver kernel begins, as `BackupPages` wants it.
    package var swapList: UInt64? {
        guard let number = numbers.first, number != 0 else { return nil }
        return number
    }

    /// Where in A's memory the first pages of the prepared image are, if not on the device.
    package var preparedImage: [PageFrame] { numbers.dropFirst().map { PageFrame($0) } }

    private var numbers: [UInt64] {
        outcome == .pending ? text.split(separator: " ").compactMap { UInt64($0, radix: 16) } : []
    }

    /// Nil where the page is no message.
    package init?(_ page: UnsafeRawBufferPointer) {
        guard page.count == PageFrame.size, page.starts(with: Self.magic),
            let outcome = Outcome(rawValue: page.bytes.u32(at: 8)),
            case let length = Int(page.bytes.u32(at: 12)),
            length <= Self.seedOffset - Self.textOffset
        else { return nil }
        self.outcome = outcome
        text = String(decoding: page[Self.textOffset..<(Self.textOffset + length)], as: UTF8.self)
        let seed = Array(page[Self.seedOffset...])
        self.seed = seed.contains { $0 != 0 } ? seed : []
    }
}

/// Why the message page is of no use to the saver.
package enum MessagePageError: ExplainedError, Hashable {
    case sealOrders

    package var explanation: String {
        switch self {
        case .sealOrders:
            "the hibernating kernel's word how to encrypt the image is damaged: nothing is saved"
        }
    }
}
