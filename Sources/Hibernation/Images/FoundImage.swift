// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SwapArea
import SwsuspImage
import SystemPackage
import Transfer

/// A hibernation image on this machine, seen from its first pages.
package struct FoundImage: Sendable {
    enum Kind: Sendable {
        /// Ours, intact as far as read.
        case kresume(ImageFront)
        /// The unmodified kernel's (swsusp), intact as far as read.
        case stock(SwsuspFront)
        /// One of these two by its signature, and not usable.
        case damaged(any Error)
        /// One of these two by its signature; the device did not give what follows.
        case unreadable(any Error)
        case uswsusp
        case tuxOnIce
    }

    let path: FilePath
    /// Where on the device its area begins, in bytes.
    let offset: UInt64
    let kind: Kind
    /// When it was looked at, in seconds since 1970-01-01 00:00 UTC.
    let time: UInt64
    /// The swap file that it is in, from the root of the file system on the device, where it was found by that.
    var file: String?

    /// What lies at `offset` of a device; nil where it is no hibernation image.
    static func look(
        at path: FilePath, offset: UInt64, on machine: any Machine
    ) throws -> FoundImage? {
        let area = try ImageArea(open: path, offset: offset, .read, on: machine)
        guard area.size > 0 else { return nil }
        let kind: Kind
        switch area.kind {
        case .image, .swsusp:
            do {
                guard let whole = try front(of: area) else { return nil }
                kind = whole
            } catch { kind = isDeviceError(error) ? .unreadable(error) : .damaged(error) }
        case .uswsusp: kind = .uswsusp
        case .tuxOnIce: kind = .tuxOnIce
        case .swap, .oldSwap, .unknown: return nil
        }
        return FoundImage(path: path, offset: offset, kind: kind, time: machine.time())
    }

    private static func front(of area: ImageArea) throws -> Kind? {
        if let error = area.layoutError { throw error }
        if let front = try ImageFront.read(areaSize: area.size, readAt: area.readAt) {
            return .kresume(front)
        }
        let stock = StockArea(on: area.device, offset: area.offset)
        return try stock.front().map { .stock($0) }
    }

    /// Whether the device failed, or another one that belongs to it, which says nothing of what is on it.
    private static func isDeviceError(_ error: any Error) -> Bool {
        switch error {
        case ImageReadError<PlatformError>.device, SwsuspReadError<PlatformError>.device,
            ImageReadError<PlatformError>.image(.devicesMissing),
            ImageReadError<PlatformError>.image(.deviceTwice):
            true
        default: error is PlatformError
        }
    }

    /// Looks at the beginning of every block device. Those that cannot be read are passed over.
    ///
    /// - Parameter removable: whether also at those that are plugged in and out.
    package static func scan(
        _ machine: any Machine, removable: Bool = true, _ report: Report
    ) throws -> [FoundImage] {
        try scan(machine, removable: removable, lookingInto: nil, report)
    }

    /// - Parameter search: looks for swap files, too.
    static func scan(
        _ machine: any Machine, removable: Bool = true, lookingInto search: OffsetSearch?,
        _ report: Report
    ) throws -> [FoundImage] {
        let scan = try Scan(machine, removable: removable, lookingInto: search, report)
        for (path, error) in scan.unreadable {
            report.detail("\(path) could not be read: \(explanation(of: error))")
        }
        return scan.images
    }

    var offsetPages: UInt64 { offset / UInt64(PageFrame.size) }

    /// As a command's operand, with its option.
    var operand: String { (offset == 0 ? "" : "--offset=\(offsetPages) ") + path.string }

    /// Whether it could be resumed, as far as was read.
    var isUsable: Bool {
        switch kind {
        case .kresume(let front): front.state == .ready || front.state == .resuming
        case .stock: true
        case .damaged, .unreadable, .uswsusp, .tuxOnIce: false
        }
    }

    /// Whether it says that it is encrypted.
    var isSealed: Bool {
        if case .kresume(let front) = kind { front.header.isSealed } else { false }
    }

    /// Whether it is one of ours that is in several places, or on another device than where it was looked for.
    var saysWhereItIs: Bool {
        if case .kresume(let front) = kind { front.header.hasLayout } else { isIncomplete }
    }

    /// Whether it is one of ours, and can be read.
    var isOurs: Bool { if case .kresume = kind { true } else { false } }

    var isDamaged: Bool { if case .damaged = kind { true } else { false } }

    /// Whether it is on several devices, of which some have not come yet.
    var isIncomplete: Bool {
        if case .unreadable(ImageReadError<PlatformError>.image(.devicesMissing)) = kind {
            true
        } else {
            false
        }
    }

    /// Whether the device did not give enough of it to say.
    var isUnreadable: Bool { if case .unreadable = kind { true } else { false } }

    /// Whether it is of a kind that kresume resumes.
    var isKnown: Bool {
        switch kind {
        case .kresume, .stock, .damaged, .unreadable: true
        case .uswsusp, .tuxOnIce: false
        }
    }
}

extension FoundImage: CustomStringConvertible {
    /// One line: where, what, how old, how big.
    package var description: String {
        let place =
            (offset == 0 ? "\(path)" : "\(path) at byte \(offset)")
            + (file.map { " (swap file \($0), resume_offset=\(offsetPages))" } ?? "")
        return switch kind {
        case .kresume(let front):
            "\(place): kresume image, \(front.header.isSealed ? "encrypted, " : "")"
                + "\(front.state.word), \(age(of: front.header.creationTime, at: time)), "
                + mebibytes(front.header.imageSize)
        case .stock(let front):
            "\(place): image of the kernel's own hibernation, "
                + "\(front.header.compression.word), "
                + "\(mebibytes(front.info.pages * UInt64(PageFrame.size))) of memory"
        case .damaged(let error): "\(place): unusable image: \(explanation(of: error))"
        case .unreadable(let error):
            "\(place): an image that cannot be read: \(explanation(of: error))"
        case .uswsusp: "\(place): uswsusp image"
        case .tuxOnIce: "\(place): TuxOnIce image"
        }
    }
}

extension ImageState {
    var word: String {
        switch self {
        case .prepared: "being written"
        case .ready: "ready"
        case .resuming: "already tried"
        case .consumed: "used"
        }
    }
}

/// How long ago, in the largest unit that gives at least two.
private func age(of time: UInt64, at now: UInt64) -> String {
    guard now >= time else { return "written in the future" }
    let seconds = now - time
    let units: [(UInt64, String)] = [(86400, "days"), (3600, "hours"), (60, "minutes")]
    for (length, name) in units where seconds >= 2 * length {
        return "\(seconds / length) \(name) old"
    }
    return "\(seconds) seconds old"
}
