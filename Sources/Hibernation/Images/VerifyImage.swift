// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SwsuspImage
import SystemPackage
import Transfer

/// `kresume verify`: reads and checks every byte of an image, on all CPUs.
package struct VerifyImage {
    /// Where the key of encrypted images is; nil: see ``KeyFilesHere``.
    package var keyFile: FilePath?
    private let machine: any Machine
    private let report: Report

    package init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    /// False where there is no image. Throws the first thing that is wrong.
    package func run(_ location: ImageLocation) throws -> Bool {
        let place = try location.resolve(on: machine)
        guard
            let found = try FoundImage.find(
                at: place.path, offset: place.offset, on: machine, report)
        else { return false }
        let (path, offset) = (found.path, found.offset)
        switch found.kind {
        case .kresume:
            let area = try ImageArea(open: path, offset: offset, .read, on: machine)
            guard let image = try HibernationImage.read(areaSize: area.size, readAt: area.readAt)
            else { return false }
            let progress = progress(image.header.dataPages)
            let key = try key(of: image)
            try ReadChunks(image: image, area: area, progress: progress, key: key).load(into: nil)
            report.note("the image on \(path) is whole: \(progress.summary)")
        case .stock(let front):
            let area = try StockArea(open: path, offset: offset, .read, on: machine)
            let image = try SwsuspImage.read(front, readExtents: area.readExtents)
            let progress = progress(image.info.dataPages)
            try ReadStockImage(image: image, area: area, progress: progress).load(into: nil)
            let verdict =
                image.header.checksum == nil
                ? "can be read; it carries no checksum, so nothing more is known" : "is whole"
            report.note("the image on \(path) \(verdict): \(progress.summary)")
        case .damaged(let error), .unreadable(let error): throw error
        case .uswsusp, .tuxOnIce: throw ResumeError.foreignImage(found)
        }
        return true
    }

    /// Asks for what opens a sealed image. Everything but its data is checked by that.
    private func key(of image: HibernationImage) throws -> AwaitedKey? {
        guard image.header.isSealed else { return nil }
        machine.holdSignalsBack()
        let keys = KeyFilesHere(machine: machine, named: keyFile)
        guard let (path, file) = try keys.openingKey() else {
            throw keys.absence
        }
        let key = try UnlockKey(machine: machine, report: report).run(path, file)
        return try image.open(with: key).map { AwaitedKey($0) }
    }

    private func progress(_ pages: UInt64) -> Progress {
        Progress("checking", total: pages * UInt64(PageFrame.size), report.note)
    }
}
