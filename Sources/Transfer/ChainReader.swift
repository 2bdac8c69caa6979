// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import Synchronization
import Threads

/// Reads pages of a device of which each says where the next one is, as a swap map's do. Asked for
/// one by one, each would cost the device's whole latency. But mostly they lie at equal distances:
/// then those that should come next are read together, before anyone knows that they do.
///
/// A guess costs time if it is wrong, and nothing else: pages are kept by where they were read.
package final class ChainReader {
    private static let pageSize = 4096
    /// How many are read together: the more, the more guesses were right before.
    package static let ahead = 16...128
    private static let threads = 8

    private let device: BlockDevice
    private var last: UInt64?
    private var distance: UInt64?
    private var next = ChainReader.ahead.lowerBound
    private var guessed: [UInt64: [UInt8]] = [:]
    /// How many pages were asked for that had been guessed.
    private(set) var hits = 0

    package init(_ device: BlockDevice) { self.device = device }

    /// `count` bytes from `offset`. Only single pages are links of a chain.
    package func read(at offset: UInt64, count: Int) throws(PlatformError) -> [UInt8] {
        guard count == Self.pageSize else { return try device.readBytes(at: offset, count: count) }
        let step = last.flatMap { offset > $0 ? offset - $0 : nil }
        defer {
            last = offset
            distance = step
        }
        if let page = guessed.removeValue(forKey: offset) {
            hits += 1
            return page
        }
        let page = try device.readBytes(at: offset, count: count)
        if let step, step == distance {
            guess(from: offset, step)
            next = min(2 * next, Self.ahead.upperBound)
        } else {
            next = Self.ahead.lowerBound
        }
        return page
    }

    /// What cannot be read is not missed yet.
    private func guess(from offset: UInt64, _ step: UInt64) {
        let pages = Mutex<[UInt64: [UInt8]]>([:])
        let found = Found(pages)
        let limit = device.size - min(UInt64(Self.pageSize), device.size)
        Parallel.run(Self.threads) { [device, next] thread in
            for number in stride(from: thread + 1, through: next, by: Self.threads) {
                let (skipped, isFar) = step.multipliedReportingOverflow(by: UInt64(number))
                let (next, isFarther) = offset.addingReportingOverflow(skipped)
                guard !isFar, !isFarther, next <= limit,
                    let page = try? device.readBytes(at: next, count: Self.pageSize)
                else { return }
                found.pages.withLock { $0[next] = page }
            }
        }
        guessed = found.pages.withLock { $0 }
    }

    private final class Found: Sendable {
        let pages: Mutex<[UInt64: [UInt8]]>
        init(_ pages: consuming Mutex<[UInt64: [UInt8]]>) { self.pages = pages }
    }
}
