// SPDX-License-Identifier: GPL-2.0-or-later

import HibernateLocation
import LinuxPlatform
import SystemPackage

/// systemd's EFI variable HibernateLocation: read it, say what is wrong with it, set it, and take it
/// away when its image is gone, as systemd does.
struct LocationVariable {
    private let machine: any Machine
    private let report: Report

    init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    static let name = "the EFI variable HibernateLocation"

    private var variable: FirmwareVariable {
        FirmwareVariable(
            name: HibernateLocation.variableName, limit: HibernateLocation.sizeLimit,
            machine: machine, report: report)
    }

    private func bytes() throws -> [UInt8]? { try variable.bytes() }

    private func read() throws -> HibernateLocation? {
        try bytes().map { try HibernateLocation(parsing: $0) }
    }

    /// Where it points to, whoever wrote it.
    var location: ImageLocation? { ((try? read()) ?? nil).map { ImageLocation($0) } }

    /// Where it points to; nil where there is none, or none for us. One that another system wrote
    /// is that one's affair.
    func readOwn() -> ImageLocation? {
        let location: HibernateLocation?
        do { location = try read() } catch {
            report.warn("\(Self.name) cannot be read: \(explanation(of: error))")
            return nil
        }
        guard let location else { return nil }
        let systems = [(location.osReleaseID, "ID"), (location.osReleaseImageID, "IMAGE_ID")]
        for (theirs, key) in systems {
            guard let theirs, let ours = machine.osRelease(key), theirs != ours else { continue }
            report.warn("\(Self.name) is left alone: \(theirs) wrote it, this is \(ours)")
            return nil
        }
        return ImageLocation(location)
    }

    /// All that is in it, if it points to this place; nil if not.
    func contents(naming path: FilePath, offset: UInt64) -> [UInt8]? {
        guard let bytes = try? bytes(), let location = try? HibernateLocation(parsing: bytes),
            let (itsPath, itsOffset) = try? ImageLocation(location).resolve(on: machine),
            itsOffset == offset, machine.isSameDevice(path, itsPath)
        else { return nil }
        return bytes
    }

    /// - Returns: whether it is gone.
    @discardableResult
    func clear() -> Bool { variable.clear() }

    /// Whether there is none for certain.
    var isAbsent: Bool {
        do { return try bytes() == nil } catch { return false }
    }

    /// - Returns: whether it is there now.
    func set(_ location: HibernateLocation) -> Bool {
        guard variable.set(location.bytes) else { return false }
        report.detail("\(Self.name) leads to the image")
        return true
    }

    /// - Parameter contents: what was in it, with its attributes.
    func putBack(_ contents: [UInt8]) { variable.putBack(contents) }
}

extension ImageLocation {
    init(_ location: HibernateLocation) {
        self.init(.tag(.uuid, location.uuid), offsetPages: location.offsetPages)
    }
}
