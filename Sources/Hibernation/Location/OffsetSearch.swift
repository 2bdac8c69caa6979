// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import SwapArea
import SwapFiles
import SystemPackage

/// Looks for the swap files on a device where the page that was to be swap is none: its offset is wrong, or
/// missing. Nothing is mounted, and a journal is not replayed.
final class OffsetSearch {
    private let machine: any Machine
    private let report: Report
    /// Of uptime, in nanoseconds.
    private let seconds: UInt64
    private var end: UInt64?

    /// A boot goes through this each time, as long as the offset is wrong.
    private static let secondsInBoot: UInt64 = 3
    private static let secondsByHand: UInt64 = 20

    /// The time begins with the first search.
    init(isUnattended: Bool, _ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
        seconds = isUnattended ? Self.secondsInBoot : Self.secondsByHand
    }

    /// Whether there is neither swap nor an image.
    func isMissed(_ path: FilePath, at offset: UInt64) throws -> Bool {
        let device = try machine.openDirectly(path, .read)
        let pageSize = UInt64(PageFrame.size)
        guard offset.isMultiple(of: pageSize), offset < device.size,
            device.size - offset >= pageSize
        else { return true }
        let page = try device.readBytes(at: offset, count: PageFrame.size)
        return SignaturePage(page).kind == .unknown
    }

    /// Nil where there is no file system that can be looked through.
    func swapFiles(on path: FilePath) throws -> SwapFiles? {
        let device = try machine.openDirectly(path, .read)
        let end = self.end ?? machine.uptime() + seconds * 1_000_000_000
        self.end = end
        let files = SwapFiles(
            size: device.size,
            unless: { [machine] in machine.uptime() >= end || machine.pendingSignal() != nil },
            readAt: { try? device.readBytes(at: $0, count: $1) })
        try machine.throwIfInterrupted()
        switch files?.gap {
        case .late:
            report.note(
                "the search for swap files on \(path) was given up: it takes more than \(seconds) seconds, "
                    + "or too much is there")
        case .severalDevices:
            report.note("swap files of a btrfs on several devices (\(path)) are not looked for")
        case nil: break
        }
        return files
    }

    /// Images in swap files of the device.
    func images(on path: FilePath) throws -> [FoundImage] {
        try images(in: swapFiles(on: path)?.files ?? [], path)
    }

    func images(in files: [SwapFiles.Found], _ path: FilePath) throws -> [FoundImage] {
        var images: [FoundImage] = []
        for file in files {
            guard
                var image = try FoundImage.find(at: path, offset: file.offset, on: machine, report)
            else { continue }
            // One beneath a volume is told by its place on the disk.
            if image.path == path { image.file = file.path }
            images.append(image)
        }
        return images
    }
}

/// Who says where on its device an image begins.
package enum OffsetSource: Hashable, Sendable {
    /// `resume_offset=`.
    case commandLine
    /// kresume.conf.
    case configuration
    /// Somebody, by an option.
    case option

    /// What says so, for people.
    func setting(_ pages: UInt64) -> String {
        switch self {
        case .commandLine: "resume_offset=\(pages)"
        case .configuration: "offset = \(pages) in kresume.conf"
        case .option: "--offset=\(pages)"
        }
    }
}
