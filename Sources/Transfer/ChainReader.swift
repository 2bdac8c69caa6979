// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// Reads pages of a device of which each says where the next one is, as a swap map's do. Asked for
/// one by one, each would cost the device's whole latency. But mostly they lie at equal distances:
/// then those that should come next are read together, before anyone knows that they do.
///
/// A guess costs time if it is wrong, and nothing else: pages are kept by where they were read.
package final class ChainReader {
    private static let pageSize = 4096
    /// How many are read together: the more, the more guesses were right before.
    package static let ahead = 16...128

    private let device: BlockDevice
    private let ring: ReadRing?
    private var last: UInt64?
    private var distance: UInt64?
    private var next = ChainReader.ahead.lowerBound
    private var guessed: [UInt64: [UInt8]] = [:]
    /// How many pages were asked for that had been guessed.
    private(set) var hits = 0

    package init(_ device: BlockDevice, _ ring: ReadRing?) {
        self.device = device
        self.ring = ring
    }

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
        let limit = device.size - min(UInt64(Self.pageSize), device.size)
        var places: [UInt64] = []
        for number in 1...UInt64(next) {
            let (skipped, isFar) = step.multipliedReportingOverflow(by: number)
            let (place, isFarther) = offset.addingReportingOverflow(skipped)
            guard !isFar, !isFarther, place <= limit else { break }
            places.append(place)
        }
        let memory = AlignedBuffer(count: places.count * Self.pageSize)
        let pages = places.indices.map {
            UnsafeMutableRawBufferPointer(
                rebasing: memory.bytes[$0 * Self.pageSize..<($0 + 1) * Self.pageSize])
        }
        let parts = zip(pages, places).map { BlockDevice.Part([$0], at: $1) }
        guard (try? device.read(parts, by: ring)) != nil else {
            guessed = [:]
            return
        }
        guessed = Dictionary(uniqueKeysWithValues: zip(places, pages.map { Array($0) }))
    }
}
