// SPDX-License-Identifier: GPL-2.0-or-later

/// `kresume locate`: every hibernation image on this machine, or the one on a device.
package struct LocateImages {
    private let report: Report

    package init(_ report: Report) { self.report = report }

    package func run(_ location: ImageLocation?) throws -> [FoundImage] {
        guard let location else { return try FoundImage.scan(report) }
        let (path, offset) = try location.resolve()
        return [try FoundImage.look(at: path, offset: offset)].compactMap { $0 }
    }
}
