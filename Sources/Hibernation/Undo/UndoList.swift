// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import Restore
import Synchronization
import SystemPackage

/// What this process has changed. Each thing is in its note before it is changed, until it has been
/// changed back: see ``UndoNote``.
final class UndoList: Sendable {
    private let machine: any Machine
    private let report: Report
    private let owner: ProcessIdentity?
    private let boot: String
    private let entries = Mutex<[UndoNote.Entry]>([])
    private let hasFailed = Mutex(false)

    /// Throws where another process has a note and still runs: two of them would change back what is
    /// the other's.
    init(_ machine: any Machine, _ report: Report) throws {
        self.machine = machine
        self.report = report
        owner = try? machine.process()
        boot = UndoNote.boot(machine)
        if let bytes = try? machine.undoNote(limit: UndoNote.sizeLimit),
            let note = try? UndoNote(parsing: bytes), note.boot == boot, note.owner != owner,
            machine.isRunning(note.owner)
        {
            throw MachineError.alreadyRunning(note.owner.number)
        }
    }

    /// Changes something. If that fails, nothing was changed.
    func change(_ entry: UndoNote.Entry, _ body: () throws -> Void) throws {
        add(entry)
        do { try body() } catch {
            remove(entry)
            throw error
        }
    }

    /// Before it is changed.
    func add(_ entry: UndoNote.Entry) {
        entries.withLock { entries in
            entries.append(entry)
            write(entries)
        }
    }

    /// After it was changed back.
    func remove(_ entry: UndoNote.Entry) {
        entries.withLock { entries in
            guard let index = entries.lastIndex(of: entry) else { return }
            entries.remove(at: index)
            write(entries)
        }
    }

    private func write(_ entries: [UndoNote.Entry]) {
        guard let owner else { return }
        do {
            if entries.isEmpty { return try machine.removeUndoNote() }
            let note = UndoNote(owner: owner, boot: boot, entries: entries)
            try machine.setUndoNote(Array(note.text.utf8))
        } catch { tell(error) }
    }

    /// It is needed only if this process is killed, so it goes on without.
    private func tell(_ error: any Error) {
        let isFirst = hasFailed.withLock { hasFailed in
            defer { hasFailed = true }
            return !hasFailed
        }
        guard isFirst else { return }
        let line =
            "there is no note of what to undo if kresume is killed: \(explanation(of: error))"
        // An initramfs of somebody's own may have no /run.
        let number = (error as? PlatformError)?.number
        if number == .noSuchFileOrDirectory { report.detail(line) } else { report.warn(line) }
    }
}

extension UndoList: SettingsWitness {
    func willChange(_ name: String, from value: String) { add(.setting(name, value: value)) }
    func didRestore(_ name: String, to value: String) { remove(.setting(name, value: value)) }
}
