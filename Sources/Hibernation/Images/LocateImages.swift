// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// `kresume locate`: every hibernation image on this machine, or the one on a device.
package struct LocateImages {
    private let machine: any Machine
    private let report: Report

    package init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    package func run(_ location: ImageLocation?) throws -> [FoundImage] {
        guard let location else { return try FoundImage.scan(machine, report) }
        let (path, offset) = try location.resolve(on: machine)
        return [try FoundImage.find(at: path, offset: offset, on: machine, report)]
            .compactMap { $0 }
    }
}
