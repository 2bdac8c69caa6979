// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import SwapFiles

/// `kresume locate`: every hibernation image on this machine, or those on a device.
package struct LocateImages {
    private let machine: any Machine
    private let report: Report

    package init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    package func run(_ location: ImageLocation?) throws -> [FoundImage] {
        let search = OffsetSearch(isUnattended: false, machine, report)
        guard let location else {
            return try FoundImage.scan(machine, lookingInto: search, report)
        }
        let (path, offset) = try location.resolve(on: machine)
        if let image = try FoundImage.find(at: path, offset: offset, on: machine, report) {
            return [image]
        }
        guard try search.isMissed(path, at: offset) else { return [] }
        let files = try search.swapFiles(on: path)?.files ?? []
        let images = try search.images(in: files, path)
        for file in files
        where !images.contains(where: { $0.offset == file.offset || $0.path != path }) {
            report.note(
                "the swap file \(file.path) of \(path) holds no image; it begins at page "
                    + "\(file.offset / UInt64(PageFrame.size))")
        }
        return images
    }
}
