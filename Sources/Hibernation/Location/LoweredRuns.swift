// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import SwapArea

/// Runs of a device-mapper device, one mapping after the other replaced by what is below it, all of a device's
/// runs or none: so no two of the devices that are left show the same bytes.
struct LoweredRuns {
    private var runs: [LoweredRun]
    /// In the order in which the runs come to them.
    private(set) var devices: [DeviceNumber]
    /// What is on them is what is on top, encrypted.
    private(set) var isEncrypted: Bool

    /// The kernel's stacks are less deep, and none is built on more devices.
    private static let stepLimit = 16 * AreaLayout.deviceLimit

    /// Nil where some of them are encrypted, and others are not.
    init?(_ runs: [DeviceRun], on top: DeviceNumber, _ machine: any DeviceAccess) throws {
        self.runs = runs.map { LoweredRun(top, $0) }
        devices = [top]
        var encrypted: Set<DeviceNumber> = []
        var lowest: Set<DeviceNumber> = []
        isEncrypted = false
        for _ in 0..<Self.stepLimit {
            guard let number = devices.first(where: { !lowest.contains($0) }) else { break }
            guard let mapping = try machine.mapping(of: number),
                let lowered = Self.lower(self.runs, number, mapping)
            else {
                lowest.insert(number)
                continue
            }
            self.runs = lowered
            let isEncrypted = encrypted.contains(number) || mapping.isEncrypting
            let before = Set(devices)
            devices = lowered.reduce(into: []) { devices, run in
                for column in run.columns where !devices.contains(column.device) {
                    devices.append(column.device)
                }
            }
            for device in mapping.parts.flatMap(\.below).map(\.device) {
                // Whether another way to it was encrypted.
                if before.contains(device), encrypted.contains(device) != isEncrypted {
                    return nil
                }
                if isEncrypted { encrypted.insert(device) }
            }
        }
        isEncrypted = devices.contains { encrypted.contains($0) }
        if isEncrypted, !devices.allSatisfy({ encrypted.contains($0) }) { return nil }
    }

    /// With the devices by their indices. Of several each but the first gives a page to be known by.
    var areaRuns: [AreaRun] {
        let indices = Dictionary(
            uniqueKeysWithValues: devices.enumerated().map { ($0.element, $0.offset) })
        return runs.compactMap { run in
            let columns = run.columns.map { AreaRun.Column(indices[$0.device] ?? 0, $0.run) }
            return columns.count == 1
                ? AreaRun(columns[0].device, columns[0].run)
                : AreaRun(columns, stripe: run.stripe)
        }
    }

    /// All runs, with those of one device on what is below it; nil where that cannot be said of each of them.
    private static func lower(
        _ runs: [LoweredRun], _ number: DeviceNumber, _ mapping: DeviceMapping
    ) -> [LoweredRun]? {
        var lowered: [LoweredRun] = []
        for run in runs {
            guard run.columns.contains(where: { $0.device == number }) else {
                lowered.append(run)
                continue
            }
            guard run.columns.count > 1 else {
                guard let below = mapping.place(run.columns[0].run) else { return nil }
                for run in below { lowered.join(run) }
                continue
            }
            var striped = run
            for index in striped.columns.indices where striped.columns[index].device == number {
                // Stripes of stripes are left to the device that makes them.
                guard let below = mapping.place(striped.columns[index].run), below.count == 1,
                    below[0].columns.count == 1
                else { return nil }
                striped.columns[index] = below[0].columns[0]
            }
            lowered.append(striped)
        }
        return lowered
    }
}

/// Pages of a device, or as many on each of several that take turns.
private struct LoweredRun {
    struct Column {
        var device: DeviceNumber
        var run: DeviceRun
    }

    var columns: [Column]
    var stripe: UInt64

    init(_ device: DeviceNumber, _ run: DeviceRun) {
        (columns, stripe) = ([Column(device: device, run: run)], run.count)
    }

    init(_ columns: [Column], stripe: UInt64) {
        (self.columns, self.stripe) = (columns, stripe)
    }
}

extension [LoweredRun] {
    /// Adds one at the end; one that follows on the last one makes that longer.
    fileprivate mutating func join(_ run: LoweredRun) {
        guard let last, last.columns.count == 1, run.columns.count == 1,
            case (let end, let next) = (last.columns[0], run.columns[0]),
            end.device == next.device, end.run.end == next.run.first
        else { return append(run) }
        let joined = DeviceRun(end.run.first, count: end.run.count + next.run.count)
        self[count - 1] = LoweredRun(end.device, joined)
    }
}

extension DeviceMapping {
    /// Where pages are below; nil where they are not at whole pages, or there is nothing.
    fileprivate func place(_ run: DeviceRun) -> [LoweredRun]? {
        var placed: [LoweredRun] = []
        var offset = run.first.offset
        var left = run.count * UInt64(PageFrame.size)
        while left > 0 {
            guard
                let part = parts.first(where: {
                    $0.offset <= offset && offset - $0.offset < $0.size
                }), case let first = offset - part.offset,
                case let size = min(left, part.size - first),
                let runs = part.place(first..<first + size)
            else { return nil }
            for run in runs { placed.join(run) }
            offset += size
            left -= size
        }
        return placed
    }
}

extension DeviceMapping.Part {
    /// No smaller stripe has room for what an image begins with, and lists of its pieces.
    private static let leastStripe: UInt64 = 32 << 10

    /// Where bytes of the part are; nil where that cannot be told in whole pages.
    ///
    /// Whole rows of stripes are one run, but for the first: a device is told by a run of its own.
    fileprivate func place(_ bytes: Range<UInt64>) -> [LoweredRun]? {
        if below.count == 1 { return pieces(of: bytes) }
        let (row, overflow) = stripe.multipliedReportingOverflow(by: UInt64(below.count))
        if overflow || stripe < Self.leastStripe { return nil }
        let lower = ((bytes.lowerBound + row - 1) / row + 1) * row
        let upper = bytes.upperBound / row * row
        guard lower < upper else { return pieces(of: bytes) }
        let columns = below.compactMap {
            column(on: $0, lower / row * stripe, (upper - lower) / row * stripe)
        }
        guard columns.count == below.count, let stripe = pages(stripe),
            let before = pieces(of: bytes.lowerBound..<lower),
            let after = pieces(of: upper..<bytes.upperBound)
        else { return nil }
        return before + [LoweredRun(columns, stripe: stripe)] + after
    }

    /// Stripe by stripe.
    private func pieces(of bytes: Range<UInt64>) -> [LoweredRun]? {
        var pieces: [LoweredRun] = []
        var position = bytes.lowerBound
        while position < bytes.upperBound {
            let (turn, inStripe) = position.quotientAndRemainder(dividingBy: stripe)
            let (row, index) = turn.quotientAndRemainder(dividingBy: UInt64(below.count))
            let size = min(bytes.upperBound - position, stripe - inStripe)
            guard let column = column(on: below[Int(index)], row * stripe + inStripe, size) else {
                return nil
            }
            pieces.append(LoweredRun([column], stripe: column.run.count))
            position += size
        }
        return pieces
    }

    private func column(
        on place: DeviceMapping.Place, _ position: UInt64, _ size: UInt64
    ) -> LoweredRun.Column? {
        let (offset, overflow) = place.offset.addingReportingOverflow(position)
        guard !overflow, let first = pages(offset), let count = pages(size) else { return nil }
        return .init(device: place.device, run: DeviceRun(DevicePage(first), count: count))
    }

    /// Nil where these are not whole pages.
    private func pages(_ size: UInt64) -> UInt64? {
        let (pages, rest) = size.quotientAndRemainder(dividingBy: UInt64(PageFrame.size))
        return rest == 0 ? pages : nil
    }
}
