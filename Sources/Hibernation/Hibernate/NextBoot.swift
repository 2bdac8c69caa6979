// SPDX-License-Identifier: GPL-2.0-or-later

import HibernateLocation
import LinuxBoot
import LinuxPlatform
import PhysicalMemory
import SystemPackage

/// Where the next boot is going to look for the image, as far as this kernel can tell: its command
/// line and its configuration may be others by then.
struct NextBoot {
    let target: TargetDevice
    let configured: ConfiguredLocation?
    let machine: any Machine
    let report: Report

    private var variable: LocationVariable { LocationVariable(machine, report) }

    /// Points HibernateLocation to the image, if the machine has such variables and nothing else
    /// leads anywhere. One that is there already is left alone: it may lead to another system's
    /// image.
    ///
    /// - Returns: whether it is to be taken away when this kernel goes on.
    func point() -> Bool {
        guard let location = newLocation else { return false }
        return variable.set(location)
    }

    /// Takes it away where it leads to the image, which is none any more, whoever has set it: systemd-sleep
    /// leaves its own there where the machine was not off (`execute`, src/sleep/sleep.c, systemd 257).
    ///
    /// - Parameter isOurs: what ``point()`` has returned.
    func unpoint(isOurs: Bool) {
        if isOurs || variable.location.map(leadsToTarget) == true { variable.clear() }
    }

    /// What ``point()`` sets the variable to; nil where it does not.
    var newLocation: HibernateLocation? {
        guard let line = commandLine, line.resumeDevice == nil, !line.forbidsResume,
            machine.exists(EFIVariable.directory), variable.isAbsent,
            let uuid = uuid, case let offset = target.announced.offsetPages,
            let release = try? machine.kernel().release
        else { return nil }
        let location = HibernateLocation(
            uuid: uuid, offsetPages: offset, kernelVersion: release,
            osReleaseID: machine.osRelease("ID"), osReleaseImageID: machine.osRelease("IMAGE_ID"))
        // Of two devices with the same UUID it would lead to none.
        return leadsToTarget(ImageLocation(location)) ? location : nil
    }

    func warnIfElsewhere() {
        if let complaint { report.warn(complaint) }
    }

    /// One line where the next boot would not find the image by what leads it.
    var complaint: String? {
        guard let line = commandLine else { return nil }
        let (path, pages) = target.announced
        let command = "kresume resume \(Self.place(path, pages: pages))"
        if line.forbidsResume {
            return
                "the kernel command line forbids the resume: a boot with it goes past the image "
                + "(there, \(command) takes it)"
        }
        let found: (ImageLocation, source: String)?
        do { found = try Self.expected(configured, machine, report) } catch {
            return explanation(of: error)
        }
        guard let (location, source) = found else {
            // What the initramfs was made for is known to the initramfs alone.
            return
                "neither resume= nor kresume.conf leads the next boot to the image: unless its "
                + "initramfs was made for \(path), \(command) takes it there"
        }
        if leadsToTarget(location) { return nil }
        return
            "the image goes to \(Self.words(path.string, pages: pages)), but the "
            + "next boot looks on " + Self.words("\(location.device)", pages: location.offsetPages)
            + " (\(source)): there, \(command) takes the image"
    }

    /// In the order in which `FindImage` asks.
    static func expected(
        _ configured: ConfiguredLocation?, _ machine: any Machine, _ report: Report
    ) throws -> (ImageLocation, source: String)? {
        guard let text = try? machine.commandLine() else { return nil }
        let line = KernelCommandLine(parsing: text)
        if let location = try ImageLocation.fromCommandLine(line) {
            return (location, "resume= of the kernel command line")
        }
        if let location = LocationVariable(machine, report).readOwn() {
            return (location, LocationVariable.name)
        }
        return try configured.map { (try ImageLocation($0, line), "kresume.conf") }
    }

    private var commandLine: KernelCommandLine? {
        (try? machine.commandLine()).map { KernelCommandLine(parsing: $0) }
    }

    /// A restore kernel that finds nothing on a device looks beneath it, too.
    private func leadsToTarget(_ location: ImageLocation) -> Bool {
        guard let path = try? location.resolve(on: machine).path else { return false }
        return [(target.path, target.offsetPages), (target.chosen.path, target.chosen.offsetPages)]
            .contains { $1 == location.offsetPages && machine.isSameDevice(path, $0) }
    }

    /// Of the swap area; at an offset, of what the whole device holds.
    private var uuid: String? {
        guard let device = try? machine.open(target.announced.path, .read, direct: false) else {
            return nil
        }
        return (try? machine.contents(of: device))?.signature?.uuid
    }

    private static func place(_ path: FilePath, pages: UInt64) -> String {
        (pages == 0 ? "" : "--offset=\(pages) ") + path.string
    }

    static func words(_ device: String, pages: UInt64) -> String {
        pages == 0 ? device : "page \(pages) of \(device)"
    }
}
