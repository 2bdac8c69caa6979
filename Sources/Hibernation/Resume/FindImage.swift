// SPDX-License-Identifier: GPL-2.0-or-later

import BootProtocol
import KresumeImage
import LinuxPlatform
import SystemPackage

/// Which image is meant: the one named by hand, else the one on the kernel command line, else
/// the only one there is.
struct FindImage {
    let named: ImageLocation?
    let report: Report

    /// Nil where there is nothing to resume, which is no error.
    func find() throws -> FoundImage? {
        if let named { return try look(at: named) }
        let commandLine = KernelCommandLine(parsing: try KernelInfo.commandLine())
        if commandLine.forbidsResume {
            report.detail("the kernel command line says not to resume")
            return nil
        }
        if let location = ImageLocation.fromCommandLine(commandLine) {
            if let image = try look(at: location) { return image }
            for image in try FoundImage.scan(report) where image.isKnown {
                report.warn(
                    "there is no image at resume=, but there is one here (kresume resume "
                        + "\(image.path) takes it): \(image)")
            }
            return nil
        }
        let images = try FoundImage.scan(report)
        for image in images where !image.isKnown {
            report.warn("left to the software that wrote it: \(image)")
        }
        let known = images.filter(\.isKnown)
        // One that was used, or is damaged, does not stand in another one's way.
        let usable = known.filter(\.isUsable)
        if usable.count > 1 { throw ResumeError.severalImages(usable) }
        return usable.first ?? known.first
    }

    private func look(at location: ImageLocation) throws -> FoundImage? {
        let (path, offset) = try location.resolve()
        let image = try FoundImage.look(at: path, offset: offset)
        if image == nil { report.detail("no hibernation image on \(path)") }
        return image
    }
}
