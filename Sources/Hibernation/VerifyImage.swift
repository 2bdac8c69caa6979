// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory

/// `kresume verify`: reads and checks every byte of an image, on all CPUs.
public struct VerifyImage {
    private let report: Report

    public init(_ report: Report) { self.report = report }

    /// False where there is no image of ours. Throws the first thing that is wrong.
    public func run(_ location: ImageLocation) throws -> Bool {
        let (path, offset) = try location.resolve()
        let area = try ImageArea(open: path, offset: offset, .read)
        guard let image = try HibernationImage.read(areaSize: area.size, readAt: area.readAt)
        else { return false }
        let progress = Progress(
            "checking", total: image.header.dataPages * UInt64(PageFrame.size), report)
        try ReadChunks(image: image, area: area, progress: progress).forEach { _, _ in }
        report.note("the image on \(path) is whole: \(progress.summary)")
        return true
    }
}
