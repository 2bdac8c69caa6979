// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

/// What lies at the beginning of every block device, but for those that something else is built on:
/// what they show is seen through it.
struct Scan {
    private(set) var images: [FoundImage] = []
    private(set) var unreadable: [(path: FilePath, error: any Error)] = []
    /// How many were looked at.
    private(set) var deviceCount = 0

    private let machine: any Machine
    private let report: Report

    /// - Parameters:
    ///   - removable: whether to look also at devices that are plugged in and out, and at those of which
    ///     that cannot be told.
    ///   - search: looks for swap files, too.
    init(
        _ machine: any Machine, removable: Bool = true, lookingInto search: OffsetSearch? = nil,
        _ report: Report
    ) throws {
        self.machine = machine
        self.report = report
        for entry in try machine.blockDevices().topmost where !entry.hasPartitions {
            if !removable, (try? machine.isRemovable(entry.number)) != false { continue }
            look(at: entry.path, offset: 0)
            // Swap may have the rest of a file system behind it.
            guard let search, images.last?.path != entry.path,
                (try? search.isMissed(entry.path, at: 0)) == true,
                let found = try? search.images(on: entry.path)
            else { continue }
            images += found
        }
        try machine.throwIfInterrupted()
    }

    /// Also at another place.
    mutating func look(at path: FilePath, offset: UInt64) {
        do {
            if let image = try FoundImage.find(at: path, offset: offset, on: machine, report) {
                images.append(image)
            }
            if offset == 0 { deviceCount += 1 }
        } catch { unreadable.append((path, error)) }
    }
}
