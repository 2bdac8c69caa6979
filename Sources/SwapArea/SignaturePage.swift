// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// The ten bytes that say what an area of swap space holds.
package struct Signature: Hashable, Sendable {
    package static let size = 10

    /// Ten bytes, padded with zeroes.
    package let bytes: [UInt8]

    /// Requires at most ten.
    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = Array(bytes) + repeatElement(0, count: Self.size - bytes.count)
    }

    private init(_ text: String) { self.init(Array(text.utf8)[...]) }

    /// An image of ours. An old name that nothing else writes, and libblkid knows as `swsuspend`.
    package static let image = Signature("LINHIB0001")
    package static let swap = Signature("SWAPSPACE2")
    /// Ten zero bytes.
    package static let none = Signature("")
    /// From before Linux 2.2.
    package static let oldSwap = Signature("SWAP-SPACE")
    /// The kernel's own hibernation.
    package static let swsusp1 = Signature("S1SUSPEND")
    package static let swsusp2 = Signature("S2SUSPEND")
    package static let uswsusp = Signature("ULSUSPEND")
}

extension Signature: CustomStringConvertible {
    /// As text where it is some, else its bytes as hexadecimal digits: it comes from a disk, and
    /// nothing in it may steer a terminal.
    package var description: String {
        let text = bytes.prefix { $0 != 0 }
        let isText = text.allSatisfy { (0x21...0x7e).contains($0) }
        if isText, !text.isEmpty, bytes[text.endIndex...].allSatisfy({ $0 == 0 }) {
            return String(decoding: text, as: UTF8.self)
        }
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// Page 0 of an image area.
///
/// Sources: `union swap_header`, include/linux/swap.h, Linux 6.12; libblkid's superblocks/swap.c.
package struct SignaturePage: Hashable, Sendable {
    /// What an area holds.
    package enum Kind: Hashable, Sendable {
        /// An image of ours: `LINHIB0001`.
        case image
        case swap
        /// From before Linux 2.2, its header without meaning: `SWAP-SPACE`.
        case oldSwap
        /// The kernel's own hibernation: `S1SUSPEND`, `S2SUSPEND`.
        case swsusp
        /// `ULSUSPEND`.
        case uswsusp
        case tuxOnIce
        case unknown
    }

    /// 4096 of them.
    package private(set) var bytes: [UInt8]

    private static let signatureOffset = PageFrame.size - Signature.size

    /// Requires 4096 bytes.
    package init(_ bytes: [UInt8]) {
        precondition(bytes.count == PageFrame.size, "a signature page is a page")
        self.bytes = bytes
    }

    package var signature: Signature { Signature(bytes[Self.signatureOffset...]) }

    package var kind: Kind {
        // TuxOnIce leaves the signature alone and marks the beginning of the page.
        let tuxOnIce: [UInt8] = [0xed, 0xc3, 0x02, 0xe9, 0x98, 0x56, 0xe5, 0x0c]
        return switch signature {
        case .image: .image
        case _ where bytes.starts(with: tuxOnIce): .tuxOnIce
        case .swap: .swap
        case .oldSwap: .oldSwap
        case .swsusp1, .swsusp2: .swsusp
        case .uswsusp: .uswsusp
        default: .unknown
        }
    }

    /// The size of the swap area, in pages of 4096 bytes, or nil where the page has no swap header
    /// of version 1. An image's page has one if the area was swap before.
    package var swapAreaPages: UInt64? {
        swapHeader.map { UInt64($0.lastPage) + 1 }
    }

    /// How much of an area of `areaSize` bytes an image may take: what was swap when the area had
    /// the signature `original` ends where its header says, whatever lies behind it.
    package func usableSize(of areaSize: UInt64, original: Signature) -> UInt64 {
        let isSwap = [Signature.swap, .swsusp1, .swsusp2, .uswsusp].contains(original)
        guard isSwap, let pages = swapAreaPages else { return areaSize }
        return min(areaSize, pages * UInt64(PageFrame.size))
    }

    /// How many pages of the swap area its header says are bad; 0 where it has no header.
    package var badPages: UInt32 { swapHeader?.badPages ?? 0 }

    package func withSignature(_ signature: Signature) -> SignaturePage {
        var page = self
        page.bytes.replaceSubrange(Self.signatureOffset..., with: signature.bytes)
        return page
    }

    /// Requires as many bytes as they replace.
    package func replacing(_ range: Range<Int>, with new: [UInt8]) -> SignaturePage {
        precondition(range.count == new.count, "a page stays a page")
        var page = self
        page.bytes.replaceSubrange(range, with: new)
        return page
    }

    private var swapHeader: (lastPage: UInt32, badPages: UInt32)? {
        let field = { (offset: Int) in bytes.span.bytes.u32(at: offset) }
        guard kind != .unknown, kind != .oldSwap, field(1024) == 1 else { return nil }
        return (field(1028), field(1032))
    }
}
