// SPDX-License-Identifier: GPL-2.0-or-later

internal import CXXHash

/// XXH64 with seed 0: a check against damage, not against an adversary.
public enum XXH64 {
    /// The corresponding C function is `XXH64` (libxxhash).
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        CXXHash.XXH64(bytes.baseAddress, bytes.count, 0)
    }

    public static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBytes { hash($0) }
    }

    public static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.withUnsafeBytes { hash($0) }
    }
}
