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
            say("the kernel command line says not to resume")
            return nil
        }
        let wait =
            wait.map { DeviceWait(seconds: $0, machine, report) }
            ?? DeviceWait(commandLine, configured: configuredWait, machine, report)
        if commandLine.hasForeignResumeDevice {
            report.warn(
                "resume=\(commandLine.resumeDevice ?? "") is in the syntax of other software; kresume "
                    + "takes a device, as in resume=/dev/sda2")
            return try isUnattended ? mention() : onlyImage()
        }
        if let location = try ImageLocation.fromCommandLine(commandLine) {
            return try lookOnly(at: location, wait)
        }
        if let location = LocationVariable(machine, report).readOwn(),
            let image = try lookWhereVariableSays(location, wait)
        {
            return image
        }
        if let configured {
            return try lookOnly(at: try ImageLocation(configured, commandLine), wait)
        }
        return try isUnattended ? mention() : onlyImage()
    }

    /// One that is elsewhere is mentioned, no more.
    private func lookOnly(at location: ImageLocation, _ wait: DeviceWait) throws -> FoundImage? {
        do {
            if let image = try look(at: location, wait) { return image }
        } catch let error as MachineError {
            // The name may be one of long ago.
            if case .noSuchDevice = error { _ = try mention(missing: " on \(location.device)") }
            throw error
        }
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
            if let image = try look(at: location, wait, isAsked: false) { return image }
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
        guard let image = possible.first ?? known.first else {
            say("there is no hibernation image on any disk here")
            return nil
        }
        return image
    }

    private func look(
        at location: ImageLocation, _ wait: DeviceWait, isAsked: Bool = true
    ) throws -> FoundImage? {
        let (path, offset) = try location.resolve(wait)
        let image = try FoundImage.find(at: path, offset: offset, on: machine, report)
        if image == nil { say("no hibernation image on \(path)", isAsked: isAsked) }
        return image
    }

    /// A person has asked; a boot without an image is none of which to speak.
    private func say(_ line: String, isAsked: Bool = true) {
        if isAsked, !isUnattended { report.note(line) } else { report.detail(line) }
    }
}
