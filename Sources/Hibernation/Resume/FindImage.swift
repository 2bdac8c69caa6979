// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxBoot
import LinuxPlatform
import PhysicalMemory
import SwapFiles
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
    /// What the initramfs was made for where `resume=` or it names the device, and the kernel command line
    /// has no offset.
    let defaultOffset: String?
    /// Whether an image in a swap file is taken although its offset is wrong, or missing.
    var takesFoundOffset = false
    let machine: any Machine
    let report: Report
    private let search: OffsetSearch

    init(
        named: ImageLocation?, configured: ConfiguredLocation?, wait: UInt64?,
        configuredWait: UInt64?, isUnattended: Bool = false, defaultOffset: String? = nil,
        takesFoundOffset: Bool = false,
        machine: any Machine, report: Report
    ) {
        self.named = named
        self.configured = configured
        self.wait = wait
        self.configuredWait = configuredWait
        self.isUnattended = isUnattended
        self.defaultOffset = defaultOffset
        self.takesFoundOffset = takesFoundOffset
        self.machine = machine
        self.report = report
        search = OffsetSearch(isUnattended: isUnattended, machine, report)
    }

    /// Nil where there is nothing to resume, which is no error.
    func find() throws -> FoundImage? {
        if let named {
            let wait = DeviceWait(seconds: wait ?? 0, machine, report)
            if let image = try look(at: named, wait) { return image }
            var isWrong = false
            return try inSwapFile(named, wait, .option, noNumber: nil, isWrong: &isWrong)
        }
        let commandLine = try commandLine
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
            return try isUnattended ? mention(commandLine) : onlyImage(commandLine)
        }
        if let device = commandLine.resumeDevice.flatMap({ DeviceSpecification($0) }) {
            let place = ConfiguredLocation(device: device, source: .commandLine)
            return try lookOnly(at: place, wait, commandLine)
        }
        if let location = LocationVariable(machine, report).readOwn(),
            let image = try lookWhereVariableSays(location, wait)
        {
            return image
        }
        if let configured {
            return try lookOnly(at: configured, wait, commandLine)
        }
        if let offset = commandLine.value(of: "resume_offset") {
            report.warn(
                "resume_offset=\(offset) says nothing without resume=: write resume= and the device, too"
            )
        }
        return try isUnattended ? mention(commandLine) : onlyImage(commandLine)
    }

    private var commandLine: KernelCommandLine {
        get throws {
            var line = KernelCommandLine(parsing: try machine.commandLine())
            let isForDevice = line.resumeDevice != nil || configured?.source == .commandLine
            if isForDevice, line.value(of: "resume_offset") == nil, let defaultOffset,
                let option = KernelCommandLine.Option("resume_offset", defaultOffset)
            {
                line.options.append(option)
            }
            return line
        }
    }

    /// One that is elsewhere is mentioned, no more.
    private func lookOnly(
        at place: ConfiguredLocation, _ wait: DeviceWait, _ commandLine: KernelCommandLine
    ) throws -> FoundImage? {
        let (device, source) = (place.device, place.source)
        var location = ImageLocation(device)
        var flaw: (text: String, error: any Error)?
        do { location = try ImageLocation(place, commandLine) } catch let error as MachineError {
            guard case .resumeOffset(let text) = error else { throw error }
            flaw = (text, error)
        }
        var isWrong = false
        do {
            if flaw == nil, let image = try look(at: location, wait) { return image }
            if let image = try inSwapFile(
                location, wait, source, noNumber: flaw?.text, isWrong: &isWrong)
            {
                return image
            }
        } catch let error as MachineError {
            if let flaw { report.warn(explanation(of: flaw.error)) }
            // The name may be one of long ago.
            if case .noSuchDevice = error { _ = try mention(commandLine, missing: device) }
            throw error
        }
        if let flaw { throw flaw.error }
        return try mention(commandLine, missing: device, lookingIntoFiles: isWrong)
    }

    /// Where the page that is named is no swap, because the offset is wrong or missing: the image in a swap
    /// file of the device, or where it is. A boot by the right offset, or by that of a partition, without an
    /// image there reads no more than the page.
    ///
    /// - Parameters:
    ///   - text: the offset, if it is not a number.
    ///   - isWrong: set where there is such a page in a file system.
    private func inSwapFile(
        _ location: ImageLocation, _ wait: DeviceWait, _ source: OffsetSource,
        noNumber text: String?, isWrong: inout Bool
    ) throws -> FoundImage? {
        let (path, offset) = try location.resolve(wait)
        guard try text != nil || search.isMissed(path, at: offset),
            let there = try search.swapFiles(on: path)
        else { return nil }
        isWrong = true
        let source = location.offsetSource ?? source
        let reason =
            if let text {
                MachineError.noNumber(text)
            } else if location.offsetSource == nil {
                "\(path) holds a file system (\(there.fileSystem)), and nothing says at which page an "
                    + "image in it would begin"
            } else {
                "page \(location.offsetPages) of \(path) "
                    + "(\(source.setting(location.offsetPages))) is no swap"
            }
        let images = try search.images(in: there.files, path).filter(\.isKnown)
        let usable = images.filter { $0.isUsable || $0.isUnreadable }
        guard let image = usable.first ?? images.first else {
            if there.files.isEmpty {
                if text == nil { report.warn("\(reason); no swap file was found on it") }
            } else {
                let right = there.files.map { file in
                    source.setting(file.offset / UInt64(PageFrame.size)) + " leads to \(file.path)"
                }
                report.warn("\(reason), so that no image would be found: \(list(right))")
            }
            return nil
        }
        let error = ResumeError.otherOffset(reason, usable.isEmpty ? images : usable, source)
        guard takesFoundOffset, usable.count == 1 else { throw error }
        report.warn(
            "\(reason); taken is the image in \(image.file ?? ""): write "
                + source.setting(image.offsetPages))
        return image
    }

    /// Says which images there are, and how to take one. A removable device is not even looked at
    /// where nobody attends.
    ///
    /// - Parameter isFile: whether to look for swap files, too.
    private func mention(
        _ commandLine: KernelCommandLine, missing device: DeviceSpecification? = nil,
        lookingIntoFiles isFile: Bool? = nil
    ) throws -> FoundImage? {
        let isFile = isFile ?? commandLine.meansFile
        let images = try FoundImage.scan(
            machine, removable: !isUnattended, lookingInto: isFile ? search : nil, report)
        for image in images where image.isKnown || commandLine.hasForeignResumeDevice {
            let none = device.map { "there is no image on \($0), but" } ?? "nothing says so, but"
            let command = image.isKnown ? " (kresume resume \(image.operand) takes it)" : ""
            report.warn("\(none) there is one here\(command): \(image)")
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

    private func onlyImage(_ commandLine: KernelCommandLine) throws -> FoundImage? {
        let images = try FoundImage.scan(
            machine, lookingInto: commandLine.meansFile ? search : nil, report)
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
        var image = try FoundImage.find(at: path, offset: offset, on: machine, report)
        if image?.isIncomplete == true {
            let whole = try wait.until("the other devices that the image is on") { _ in
                let found = try FoundImage.find(at: path, offset: offset, on: machine, report)
                return found?.isIncomplete == true ? nil : found
            }
            image = whole ?? image
        }
        if image == nil { say("no hibernation image on \(path)", isAsked: isAsked) }
        return image
    }

    /// A person has asked; a boot without an image is none of which to speak.
    private func say(_ line: String, isAsked: Bool = true) {
        if isAsked, !isUnattended { report.note(line) } else { report.detail(line) }
    }
}

extension KernelCommandLine {
    /// Whether what it says of the image makes sense for one in a swap file only.
    fileprivate var meansFile: Bool { value(of: "resume_offset") != nil }
}
