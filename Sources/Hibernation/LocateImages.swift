// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// `kresume locate`: every hibernation image on this machine, or the one on a device.
public struct LocateImages {
    private let report: Report

    public init(_ report: Report) { self.report = report }

    public func run(_ location: ImageLocation?) throws -> [FoundImage] {
        guard let location else { return try FoundImage.scan(report) }
        let (path, offset) = try location.resolve()
        return [try FoundImage.look(at: path, offset: offset)].compactMap { $0 }
    }
}
