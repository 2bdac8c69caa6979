// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc

/// Reads that are under way at the same time: of pages that are scattered over a device, each waits for it,
/// and one after the other they would add their waits up. For one thread.
///
/// Source: io_uring_enter(2). `IORING_OP_READV` is there since Linux 5.1, as the whole is.
package final class ReadRing {
    /// How many are under way at once, at most.
    package static let depth = 256

    private let ring: Ring
    /// What could not be handed over once would be handed over later, when its memory is something else.
    private var isBroken = false

    /// Nil where the kernel has no io_uring, or was told to give it to nobody
    /// (`kernel.io_uring_disabled`): then reads wait for each other.
    package init?() {
        guard let ring = try? Ring(entries: UInt32(Self.depth)) else { return nil }
        self.ring = ring
    }

    /// Reads each part into its buffers, in the order in which they lie on the device.
    ///
    /// - Returns: which of them did not come, or not whole. What is in their buffers is not known.
    func read(_ parts: [BlockDevice.Part], of descriptor: CInt) -> [Int] {
        let order = parts.indices.sorted { parts[$0].offset < parts[$1].offset }
        var missing: [Int] = []
        for first in stride(from: 0, to: order.count, by: Self.depth) {
            let batch = order[first..<min(first + Self.depth, order.count)]
            missing += readAtOnce(batch, of: parts, descriptor)
        }
        return missing
    }

    private func readAtOnce(
        _ batch: ArraySlice<Int>, of parts: [BlockDevice.Part], _ descriptor: CInt
    ) -> [Int] {
        if isBroken { return Array(batch) }
        let vectors = batch.flatMap { parts[$0].buffers.map(\.vector) }
        return vectors.withUnsafeBufferPointer { vectors in
            var start = 0
            var missing = Set(batch)
            for index in batch {
                let part = parts[index]
                let result = linux_ring_prepare_read(
                    ring.raw, descriptor, vectors.baseAddress.map { $0 + start },
                    UInt32(part.buffers.count), part.offset, UInt64(index))
                precondition(result == 0, "a ring has room for a batch")
                start += part.buffers.count
            }
            // Nothing is left under way: it would write to memory that is somebody else's by then.
            for _ in 0..<submit(batch.count) {
                let (index, result) = completion()
                if Int(result) == parts[index].size { missing.remove(index) }
            }
            return missing.sorted()
        }
    }

    /// - Returns: how many of the `count` are under way.
    private func submit(_ count: Int) -> Int {
        var submitted = 0
        while submitted < count {
            let result = linux_ring_submit(ring.raw)
            if result == -EINTR { continue }
            if result <= 0 {
                isBroken = true
                break
            }
            submitted += Int(result)
        }
        return submitted
    }

    /// Waits for the next one that is done.
    private func completion() -> (index: Int, result: CInt) {
        var number: UInt64 = 0
        var result: CInt = 0
        while true {
            let error = linux_ring_wait(ring.raw, &number, &result)
            if error == 0 { return (Int(number), result) }
            // Memory that a read is under way to cannot be let go.
            precondition(error == -EINTR || error == -EAGAIN, "waiting for a read: \(-error)")
        }
    }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate var vector: iovec { iovec(iov_base: baseAddress, iov_len: count) }
}
