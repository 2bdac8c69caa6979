// SPDX-License-Identifier: GPL-2.0-or-later

/// Where as many consecutive pages begin in each of two numberings, in 16 bytes: a restore keeps millions of
/// such runs.
@usableFromInline
package struct PackedRun: Hashable, Sendable {
    /// Each is a beginning, of 42 bits, and above it a half of the count.
    @usableFromInline let low: UInt64
    @usableFromInline let high: UInt64

    /// Pages are numbered below this. There are fewer frames (``PageFrame/limit``), and no more than twice as
    /// many places for their contents.
    @inlinable
    package static var limit: UInt64 { 1 << beginningBits }

    @inlinable static var beginningBits: UInt64 { 42 }
    @inlinable static var halfCountBits: UInt64 { 22 }

    /// Requires beginnings and count below ``limit``.
    @inlinable
    package init(first: UInt64, second: UInt64, count: UInt64) {
        precondition(first | second | count < Self.limit, "pages are numbered within limits")
        // The lower half, of which the rest is shifted out.
        low = first | count << Self.beginningBits
        high = second | (count >> Self.halfCountBits) << Self.beginningBits
    }

    /// The first page's number in the first numbering.
    @inlinable
    package var first: UInt64 { low & (Self.limit - 1) }

    /// The first page's number in the second numbering.
    @inlinable
    package var second: UInt64 { high & (Self.limit - 1) }

    /// How many pages.
    @inlinable
    package var count: UInt64 {
        low >> Self.beginningBits | (high >> Self.beginningBits) << Self.halfCountBits
    }
}
