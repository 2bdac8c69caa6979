// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import SwapArea
import SystemPackage
import Transfer

/// Undoes what a kresume that was killed has left, by its note.
package struct Repair {
    private let machine: any Machine
    private let report: Report

    package init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    /// Says what it did. Does nothing where there is no note, where its process still runs, and for
    /// others than root.
    package func run() {
        do {
            guard (try? Permission.requireRoot(machine)) != nil,
                let bytes = try machine.undoNote(limit: UndoNote.sizeLimit)
            else { return }
            let note = try UndoNote(parsing: bytes)
            if note.boot == UndoNote.boot(machine) {
                if machine.isRunning(note.owner) { return }
                // What was changed last comes first.
                for entry in note.entries.reversed() { undo(entry) }
            }
        } catch { report.warn(explanation(of: error)) }
        do { try machine.removeUndoNote() } catch { report.warn(explanation(of: error)) }
    }

    private func undo(_ entry: UndoNote.Entry) {
        do {
            guard let done = try attempt(entry) else { return }
            report.note("an earlier kresume was killed: \(done)")
        } catch {
            report.warn(
                "an earlier kresume was killed, and \(entry.name) is left: "
                    + explanation(of: error))
        }
    }

    /// - Returns: what was done; nil where nothing was left to do.
    private func attempt(_ entry: UndoNote.Entry) throws -> String? {
        switch entry {
        case .swap(let path, let number, let priority, let discard):
            // A file's device is that of its file system.
            let isOn = try machine.swaps().contains { $0.path == path }
            if try isOn || machine.swap(on: number) != nil { return nil }
            try machine.activateSwap(path, priority: max(priority, -1), discard: discard)
            return "swap on \(path) is on again"
        case .setting(let name, let value):
            guard let now = try machine.sysctl(name), now != value else { return nil }
            try machine.setSysctl(name, to: value)
            return "\(name.settingName) is \(value) again"
        case .image(let path, let number, let offset, let id):
            return try invalidate(path, number, offset, id)
                ? "its image on \(path) is dropped" : nil
        case .array(let name, let setting, let value):
            guard let now = try machine.arraySetting(setting, of: name), now != value else {
                return nil
            }
            try machine.setArray(name, setting, to: value)
            return "\(setting.rawValue) of \(name) is \(value) again"
        case .frozen(let path, let number):
            return try machine.thaw(path, number) ? "\(path) takes writes again" : nil
        case .kexec:
            guard machine.isKexecLoaded else { return nil }
            try machine.unloadKexec([])
            return "the kernel that it had loaded is unloaded"
        case .nextEntry:
            return NextEntry(machine, report).unmark() ? "the next boot is by the usual entry" : nil
        }
    }

    /// The machine runs, so its image must not be resumed, however far it had come.
    ///
    /// - Returns: false where it is not there any more.
    private func invalidate(
        _ path: FilePath, _ number: DeviceNumber, _ offset: UInt64, _ id: ImageID
    ) throws -> Bool {
        if try machine.swap(on: number) != nil { return false }
        let area = try ImageArea.claim(path, offset: offset, holding: .prepared, on: machine)
        guard area.device.number == number, area.size > StateRecord.offset,
            let record = try? StateRecord(
                parsing: area.readAt(StateRecord.offset, StateRecord.size)),
            record.id == id
        else { return false }
        // Swap that is on again writes over it, and over what is erased here. It is not on where an image's
        // signature is.
        if area.kind != .image, area.isSwappedTo(machine) { return false }
        try DiscardImage.discardOurs(in: area)
        // One that was only begun has no signature yet.
        try area.commit([ImageHeader.erasure])
        return true
    }
}

extension UndoNote.Entry {
    /// Completes "and ... is left".
    fileprivate var name: String {
        switch self {
        case .swap(let path, _, _, _): "swap on \(path), which is off,"
        case .setting(let name, _): "the setting \(name.settingName)"
        case .image(let path, _, _, _):
            "its image on \(path), which must never be resumed (kresume discard \(path)),"
        case .array(let name, let setting, let value):
            "\(setting.rawValue) of \(name), which was \(value),"
        case .frozen(let path, _):
            "the file system on \(path), which is frozen (fsfreeze --unfreeze),"
        case .kexec: "the kernel that it had loaded"
        case .nextEntry: "the boot entry that is started next"
        }
    }
}

extension String {
    /// As sysctl(8) has it.
    fileprivate var settingName: String { String(map { $0 == "/" ? "." : $0 }) }
}
