// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxPlatform
import SystemPackage

extension Setup {
    private static let configuration: FilePath = "/etc/kresume.conf"
    private static let fstab: FilePath = "/etc/fstab"
    private static let fileLimit = 1 << 20

    /// Takes all steps of a plan that was made just now. Each is noted first.
    package func run(_ plan: SetupPlan) throws {
        try Permission.requireRoot(machine)
        machine.holdSignalsBack()
        var note = try SetupNote(machine)
        for step in plan.steps {
            try machine.throwIfInterrupted()
            switch step {
            case .swapFile(let file): try make(file, &note)
            case .key:
                try ManageKeys(machine, report).create()
                try note.add(.key, on: machine)
            case .location: try writeLocation(&note)
            case .commandLine: try writeCommandLine(&note)
            case .systemd(let verb, let file):
                let dropIn = Self.dropIn(for: verb)
                try note.add(.file(dropIn), on: machine)
                // A link that leads nowhere any more would be in the way.
                _ = try machine.removeFile(dropIn)
                try machine.link(dropIn, to: file)
                try call("systemctl", ["daemon-reload"])
            case .mkinitcpioHook:
                try note.add(.file(MkinitcpioHook.file), on: machine)
                try machine.replaceFile(
                    MkinitcpioHook.file, with: Array(MkinitcpioHook.contents.utf8),
                    mode: WholeFile.common)
            case .initramfs:
                try makeInitramfs()
                if let path = initramfsWithoutUs { warn(ofNoneIn: path) }
            case .resumeEntry(let loader, _):
                try note.add(.resumeEntry, on: machine)
                try makeResumeEntry(for: loader)
            }
        }
    }

    private func warn(ofNoneIn path: FilePath) {
        report.warn(CheckError.notInInitramfs(path).explanation)
        if machine.exists(MkinitcpioHook.file) { report.warn(MkinitcpioHook.passedOver) }
    }

    /// Takes back what ``run(_:)`` has done here, the last first.
    package func undo() throws {
        try Permission.requireRoot(machine)
        machine.holdSignalsBack()
        var note = try SetupNote(machine)
        if note.changes.isEmpty { throw SetupError.nothingToUndo }
        while let change = note.changes.last {
            try machine.throwIfInterrupted()
            try undo(change)
            try note.removeLast(on: machine)
        }
        machine.removeEmptyDirectory(SetupNote.path.removingLastComponent())
        try makeInitramfs()
    }

    private func undo(_ change: SetupNote.Change) throws {
        switch change {
        case .swapFile(let path):
            if try machine.swaps().contains(where: { $0.path == path }) {
                try machine.deactivateSwap(path) { machine.pendingSignal() != nil }
            }
            if try machine.removeFile(path) { report.note("removed \(path)") }
        case .subvolume(let path):
            if machine.exists(path) { try call("btrfs", ["subvolume", "delete", path.string]) }
        case .line(let line, let path):
            let kept = try lines(of: path).filter { !$0.elementsEqual(line.utf8) }
            try write(kept, to: path)
            report.note("took \"\(line)\" out of \(path)")
        case .file(let path):
            if try machine.removeFile(path) { report.note("removed \(path)") }
            machine.removeEmptyDirectory(path.removingLastComponent())
            if Self.verbs.map(Self.dropIn(for:)).contains(path) {
                try call("systemctl", ["daemon-reload"])
            }
            if path == Self.grubFile { try call("update-grub", []) }
        case .key:
            do { try ManageKeys(machine, report).remove() } catch KeyError.nothingThere {}
        case .resumeEntry:
            NextEntry(machine, report).unmark()
            try removeResumeEntry()
        }
    }

    private func make(_ file: NewSwapFile, _ note: inout SetupNote) throws {
        if let subvolume = file.subvolume, !machine.exists(subvolume) {
            try note.add(.subvolume(subvolume), on: machine)
            try call("btrfs", ["subvolume", "create", subvolume.string])
        }
        try note.add(.swapFile(file.path), on: machine)
        // Nobody else may read what is in it, from the beginning.
        try machine.replaceFile(file.path, with: [])
        if file.isOnBtrfs { try call("chattr", ["+C", file.path.string]) }
        try call("fallocate", ["-l", "\(file.size)", file.path.string])
        try call("mkswap", [file.path.string])
        try machine.activateSwap(file.path, priority: -1, discard: .none)
        try append(["\(file.path) none swap defaults 0 0"], to: Self.fstab, &note)
    }

    /// Where the image would go now, by what names the device also in the next boot.
    private func place() throws -> (device: DeviceSpecification, offsetPages: UInt64) {
        guard let chosen = try target()?.chosen else {
            throw HibernateError.noDevice(passedOver: [])
        }
        let device = try machine.open(chosen.path, .read, direct: false)
        let uuid = try? machine.contents(of: device).signature?.uuid
        let named = uuid.flatMap { $0 }.map { DeviceSpecification.tag(.uuid, $0) }
        // Of two devices with the same UUID it would lead to none.
        guard let named, case .found? = try? machine.lookUp(named) else {
            return (.path(chosen.path), chosen.offsetPages)
        }
        return (named, chosen.offsetPages)
    }

    private func writeLocation(_ note: inout SetupNote) throws {
        let (device, offset) = try place()
        var lines = ["device = \(device)"]
        if offset > 0 { lines.append("offset = \(offset)") }
        try append(lines, to: Self.configuration, &note)
    }

    private func writeCommandLine(_ note: inout SetupNote) throws {
        let (device, offset) = try place()
        let words = "resume=\(device)" + (offset > 0 ? " resume_offset=\(offset)" : "")
        let text = """
            # Written by kresume setup, and removed by kresume setup --undo.
            GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX \(words)"

            """
        try note.add(.file(Self.grubFile), on: machine)
        try machine.replaceFile(Self.grubFile, with: Array(text.utf8), mode: WholeFile.common)
        try call("update-grub", [])
    }

    private func makeInitramfs() throws {
        guard let tool = InitramfsTool(machine) else { throw SetupError.noInitramfsTool }
        try call(tool.rawValue, tool.arguments)
    }

    private func call(_ name: String, _ arguments: [String]) throws {
        guard let path = programPath(name, machine) else { throw SetupError.noProgram(name) }
        try call(path, arguments)
    }

    func call(_ path: FilePath, _ arguments: [String]) throws {
        let name = path.lastComponent?.string ?? ""
        let command = ([name] + arguments).joined(separator: " ")
        report.note(command)
        let status = try machine.runProgram(path, arguments)
        if status != 0 { throw SetupError.failed(command, status: status) }
    }

    /// Of a file of the user's, whatever its encoding.
    private func lines(of path: FilePath) throws -> [ArraySlice<UInt8>] {
        guard machine.exists(path) else { return [] }
        let bytes = try machine.file(path, limit: Self.fileLimit)
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return lines.last?.isEmpty == true ? lines.dropLast() : lines
    }

    private func write(_ lines: [ArraySlice<UInt8>], to path: FilePath) throws {
        let bytes = lines.flatMap { $0 + [UInt8(ascii: "\n")] }
        try machine.replaceFile(path, with: bytes, mode: WholeFile.common)
    }

    private func append(
        _ added: [String], to path: FilePath, _ note: inout SetupNote
    ) throws {
        var lines = try lines(of: path)
        for line in added where !lines.contains(where: { $0.elementsEqual(line.utf8) }) {
            try note.add(.line(line, in: path), on: machine)
            lines.append(Array(line.utf8)[...])
            report.note("\(path): \(line)")
        }
        try write(lines, to: path)
    }
}
