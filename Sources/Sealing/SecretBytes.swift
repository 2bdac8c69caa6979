// SPDX-License-Identifier: GPL-2.0-or-later

internal import CSodium

/// Bytes that nobody else is to see: in memory of their own that is locked, in no core dump, between
/// pages that cannot be touched, and wiped when nobody needs them any more.
///
/// The corresponding C functions are `sodium_malloc` and `sodium_free` (libsodium 1.0.18: mlock,
/// MADV_DONTDUMP).
package final class SecretBytes: @unchecked Sendable {
    // Unsafe memory: nothing points into it but for the time of a closure. Written only by who makes it.
    private let memory: UnsafeMutableRawBufferPointer

    package var count: Int { memory.count }

    /// - Parameter count: in bytes, at least 1. `fill` writes them; they are zero before.
    package init(count: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        Sodium.start
        // As with any Swift object, there is no going on without it.
        guard let start = sodium_malloc(count) else { fatalError("no memory for a key") }
        memory = UnsafeMutableRawBufferPointer(start: start, count: count)
        sodium_memzero(start, count)
        // What throws here is freed by `deinit`: everything is initialised.
        try fill(memory)
    }

    package convenience init(_ bytes: some Collection<UInt8>) {
        self.init(count: max(1, bytes.count)) { $0.copyBytes(from: bytes) }
    }

    /// From getrandom(2), which waits until the kernel has random bytes.
    package static func random(count: Int) -> SecretBytes {
        SecretBytes(count: count) { randombytes_buf($0.baseAddress!, $0.count) }
    }

    deinit { sodium_free(memory.baseAddress) }

    package func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try body(UnsafeRawBufferPointer(memory))
    }

    /// For C functions that take such a pointer.
    func withPointer<Result>(
        _ body: (UnsafePointer<UInt8>) throws -> Result
    ) rethrows -> Result {
        // The count is at least 1.
        try body(UnsafePointer(memory.baseAddress!.assumingMemoryBound(to: UInt8.self)))
    }

    /// Some of them, as secret as all.
    package func part(_ range: Range<Int>) -> SecretBytes {
        SecretBytes(count: range.count) {
            $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[range]))
        }
    }

    /// Whether they are the same, in a time that does not tell where they differ.
    package func isEqual(to other: SecretBytes) -> Bool {
        count == other.count
            && sodium_memcmp(memory.baseAddress!, other.memory.baseAddress!, count) == 0
    }
}

/// Random bytes that are no secret: salts, nonces.
package func randomBytes(_ count: Int) -> [UInt8] {
    Sodium.start
    var bytes = [UInt8](repeating: 0, count: count)
    randombytes_buf(&bytes, count)
    return bytes
}
