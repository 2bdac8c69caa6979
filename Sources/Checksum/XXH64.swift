// SPDX-License-Identifier: GPL-2.0-or-later

internal import CXXHash

/// XXH64 with seed 0: a check against damage, not against an adversary.
package enum XXH64 {
    /// The corresponding C function is `XXH64` (libxxhash).
    package static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        CXXHash.XXH64(bytes.baseAddress, bytes.count, 0)
    }

    /// Of all the parts as if they followed one another in memory.
    package static func hash(parts: [UnsafeMutableRawBufferPointer]) -> UInt64 {
        let stream = Stream()
        for part in parts { stream.update(UnsafeRawBufferPointer(part)) }
        return stream.value
    }

    /// Of bytes that come one part after the other. The corresponding C functions are `XXH64_reset`,
    /// `XXH64_update` and `XXH64_digest`.
    package final class Stream {
        private let state: OpaquePointer

        package init() {
            // As with any Swift object, there is no going on without it.
            guard let state = XXH64_createState() else { fatalError("no memory for a checksum") }
            self.state = state
            XXH64_reset(state, 0)
        }

        deinit { XXH64_freeState(state) }

        package func update(_ bytes: UnsafeRawBufferPointer) {
            if !bytes.isEmpty { XXH64_update(state, bytes.baseAddress, bytes.count) }
        }

        package func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

        package var value: UInt64 { XXH64_digest(state) }
    }

    package static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBytes { hash($0) }
    }

    package static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.withUnsafeBytes { hash($0) }
    }
}
