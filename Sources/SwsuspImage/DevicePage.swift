// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// A page of 4096 bytes on a device, counted from the device's beginning, also where the image
/// lies in a swap file.
public struct DevicePage: Hashable, Comparable, Sendable {
    public var rawValue: UInt64

    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// In bytes. Requires a page of a device, which has less than 2^63 bytes.
    public var offset: UInt64 { rawValue * UInt64(PageFrame.size) }

    /// One past the last page that a device can have.
    static let limit = DevicePage(1 << 51)
}

/// Consecutive pages of a device.
public struct DeviceRun: Hashable, Sendable {
    public var first: DevicePage
    public var count: UInt64

    public init(_ first: DevicePage, count: UInt64) {
        self.first = first
        self.count = count
    }

    /// One past the last page.
    public var end: DevicePage { DevicePage(first.rawValue + count) }
}

extension RawSpan {
    /// Little endian. Traps outside the span.
    func u64(at offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Little endian. Traps outside the span.
    func u32(at offset: Int) -> UInt32 {
        UInt32(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}
