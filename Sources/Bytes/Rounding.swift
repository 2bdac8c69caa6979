// SPDX-License-Identifier: GPL-2.0-or-later

extension FixedWidthInteger {
    /// The next multiple of `multiple`, which is a power of two. Requires that it fits.
    @inlinable
    package func roundedUp(to multiple: Self) -> Self { (self + (multiple - 1)) & ~(multiple - 1) }

    /// The last multiple of `multiple`, which is a power of two.
    @inlinable
    package func roundedDown(to multiple: Self) -> Self { self & ~(multiple - 1) }

    /// How many units of `size`, which is a power of two, hold so many bytes, the last of them
    /// perhaps in part. Requires a number that is not negative.
    @inlinable
    package func units(of size: Self) -> Self { self / size + (self % size == 0 ? 0 : 1) }
}
