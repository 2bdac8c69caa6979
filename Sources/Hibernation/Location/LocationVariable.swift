// SPDX-License-Identifier: GPL-2.0-or-later

import HibernateLocation
import LinuxPlatform
import SystemPackage

/// systemd's EFI variable HibernateLocation: read it, say what is wrong with it, and take it away
/// when its image is gone, as systemd does.
struct LocationVariable {
    private let machine: any Machine
    private let report: Report

    init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    static let name = "the EFI variable HibernateLocation"

    private func read() throws -> HibernateLocation? {
        let bytes = try machine.efiVariable(
            HibernateLocation.variableName, limit: HibernateLocation.sizeLimit + 1)
        return try bytes.map { try HibernateLocation(parsing: $0) }
    }

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

    /// Whether it points to this place.
    func names(_ path: FilePath, offset: UInt64) -> Bool {
        guard let location = (try? read()).map({ ImageLocation($0) }),
            let (itsPath, itsOffset) = try? location.resolve(on: machine), itsOffset == offset
        else { return false }
        if itsPath == path { return true }
        let numbers = [path, itsPath].map { (try? machine.open($0, .read, direct: false))?.number }
        return numbers[0] != nil && numbers[0] == numbers[1]
    }

    func clear() {
        do { try machine.removeEFIVariable(HibernateLocation.variableName) } catch {
            report.warn("\(Self.name) could not be removed: \(explanation(of: error))")
        }
    }
}

extension ImageLocation {
    init(_ location: HibernateLocation) {
        self.init(.tag(.uuid, location.uuid), offsetPages: location.offsetPages)
    }
}
