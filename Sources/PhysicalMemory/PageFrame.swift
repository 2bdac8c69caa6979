// SPDX-License-Identifier: GPL-2.0-or-later

/// A page frame number: a physical address divided by the page size, 4096.
@usableFromInline
package struct PageFrame: Hashable, Comparable, Sendable {
    @usableFromInline package var rawValue: UInt64

    /// Bytes in one page. x86-64 has no other base page size.
    @inlinable
    package static var size: Int { 4096 }

    /// One past the last frame that an x86-64 physical address (52 bits) can name.
    @inlinable
    package static var limit: PageFrame { PageFrame(1 << 40) }

    @inlinable
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// The address of the frame's first byte. Meaningful below ``limit``.
    @inlinable
    package var address: PhysicalAddress { PhysicalAddress(rawValue << 12) }

    @inlinable
    package static func + (frame: Self, pages: UInt64) -> Self { Self(frame.rawValue + pages) }
}

extension PageFrame: CustomStringConvertible {
    @usableFromInline
    package var description: String { "0x" + String(rawValue, radix: 16) }
}
