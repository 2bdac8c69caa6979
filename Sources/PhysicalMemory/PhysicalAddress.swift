// SPDX-License-Identifier: GPL-2.0-or-later

/// A byte's address in physical memory.
@usableFromInline
package struct PhysicalAddress: Hashable, Comparable, Sendable {
    @usableFromInline package var rawValue: UInt64

    @inlinable
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable
    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// The frame that holds this byte.
    @inlinable
    package var frame: PageFrame { PageFrame(rawValue >> 12) }

    /// Nil where the sum does not fit 64 bits.
    @inlinable
    package func advanced(by bytes: UInt64) -> PhysicalAddress? {
        let (sum, overflow) = rawValue.addingReportingOverflow(bytes)
        return overflow ? nil : PhysicalAddress(sum)
    }
}

extension PhysicalAddress: CustomStringConvertible {
    /// As the kernel writes addresses: `0x3fe0000`.
    @usableFromInline
    package var description: String { "0x" + String(rawValue, radix: 16) }
}
