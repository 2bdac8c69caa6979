// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import LinuxPlatform
import SystemPackage

/// Which image is meant: the one named by hand, else the one on the kernel command line, else the
/// one that the EFI variable HibernateLocation names, else the one that a configuration names. Where
/// nothing says which, a person gets the only one there is; a boot that nobody attends gets none, for
/// whoever plugs a disk in would choose what runs as the kernel.
struct FindImage {
    let named: ImageLocation?
    /// What kresume.conf says, else what the initramfs was made for.
    let configured: ConfiguredLocation?
    /// In seconds; nil: as long as the kernel command line says, and not for one named by hand.
    let wait: UInt64?
    /// As long as the kernel command line does not say.
    let configuredWait: UInt64?
    /// Whether nobody has asked for it: see ``Resume/isUnattended``.
    var isUnattended = false
    let machine: any Machine
    let report: Report

    /// Nil where there is nothing to resume, which is no error.
    func find() throws -> FoundImage? {
        if let named {
            return try look(at: named, DeviceWait(seconds: wait ?? 0, machine, report))
        }
        let commandLine = KernelCommandLine(parsing: try machine.commandLine())
        if commandLine.forbidsResume {
            report.detail("the kernel command line says not to resume")
            return nil
        }
        let wait =
            wait.map { DeviceWait(seconds: $0, machine, report) }
            ?? DeviceWait(commandLine, configured: configuredWait, machine, report)
        if let location = ImageLocation.fromCommandLine(commandLine) {
            return try lookOnly(at: location, wait)
        }
        if let location = LocationVariable(machine, report).readOwn(),
            let image = try lookWhereVariableSays(location, wait)
        {
            return image
        }
        if let configured {
            return try lookOnly(at: ImageLocation(configured, commandLine), wait)
        }
        return try isUnattended ? mention() : onlyImage()
    }

    /// One that is elsewhere is mentioned, no more.
    private func lookOnly(at location: ImageLocation, _ wait: DeviceWait) throws -> FoundImage? {
        if let image = try look(at: location, wait) { return image }
        return try mention(missing: " on \(location.device)")
    }

    /// Says which images there are, and how to take one. A removable device is not even looked at
    /// where nobody attends.
    private func mention(missing place: String? = nil) throws -> FoundImage? {
        let images = try FoundImage.scan(machine, removable: !isUnattended, report)
        for image in images where image.isKnown {
            let none = place.map { "there is no image\($0), but" } ?? "nothing says so, but"
            report.warn(
                "\(none) there is one here (kresume resume \(image.path) takes it): \(image)")
        }
        return nil
    }

    /// It is set when the machine is hibernated, so where there is no image it is stale.
    private func lookWhereVariableSays(
        _ location: ImageLocation, _ wait: DeviceWait
    ) throws -> FoundImage? {
        report.detail("\(LocationVariable.name) names \(location.device)")
        let reason: String
        do {
            if let image = try look(at: location, wait) { return image }
            reason = "there is no image on \(location.device)"
        } catch {
            try machine.throwIfInterrupted()
            reason = explanation(of: error)
        }
        report.warn("\(LocationVariable.name) leads to no image: \(reason)")
        return nil
    }

    private func onlyImage() throws -> FoundImage? {
        let images = try FoundImage.scan(machine, report)
        for image in images where !image.isKnown {
            report.warn("left to the software that wrote it: \(image)")
        }
        let known = images.filter(\.isKnown)
        // One that was used, or is damaged, does not stand in another one's way; one that cannot be
        // read may be the newer of two.
        let possible = known.filter { $0.isUsable || $0.isUnreadable }
        if possible.count > 1 { throw ResumeError.severalImages(possible) }
        return possible.first ?? known.first
    }

    private func look(at location: ImageLocation, _ wait: DeviceWait) throws -> FoundImage? {
        let (path, offset) = try location.resolve(wait)
        let image = try FoundImage.look(at: path, offset: offset, on: machine)
        if image == nil { report.detail("no hibernation image on \(path)") }
        return image
    }
}
