// SPDX-License-Identifier: GPL-2.0-or-later

import BootEntry
import LinuxPlatform
import SystemPackage

/// Has the boot loader start the entry with the resume initramfs next time, and that time only.
package struct NextEntry {
    private let machine: any Machine
    private let report: Report

    package init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    /// Whether there is such an entry.
    var isThere: Bool { ResumeEntry(machine) != nil }

    /// Without the mark the usual entry is started, which resumes, too: nothing here is an error. An entry that
    /// is stale is not marked: its initramfs may lack the key, and the boot would go on past the image.
    package func mark() {
        guard let entry = ResumeEntry(machine) else { return }
        do {
            try entry.requireWhole(machine)
            let id = ResumeEntry.id(for: entry.loader)
            // Whoever has said otherwise has had a reason.
            guard try isFree(entry.loader) else {
                return report.detail("another boot entry is to be started next, and it stays")
            }
            switch entry.loader {
            case .systemdBoot: _ = variable.set(LoaderVariable.bytes(id))
            case .grub: try setGRUBEntry(id)
            }
            report.detail("\(entry.loader.name) starts the resume initramfs next")
        } catch { report.warn("the next boot is by the usual entry: \(explanation(of: error))") }
    }

    /// Takes it back where it is ours and was not used.
    ///
    /// - Returns: whether there was something to take back.
    @discardableResult
    package func unmark() -> Bool {
        guard let entry = ResumeEntry(machine) else { return false }
        do {
            guard try isOurs(entry.loader) else { return false }
            switch entry.loader {
            case .systemdBoot: return variable.clear()
            case .grub: try setGRUBEntry(nil)
            }
            return true
        } catch {
            report.warn(
                "the next boot may be by the resume initramfs, and goes on from there: "
                    + explanation(of: error))
            return false
        }
    }

    private var variable: FirmwareVariable {
        FirmwareVariable(
            name: LoaderVariable.oneShotEntry, limit: LoaderVariable.sizeLimit, machine: machine,
            report: report)
    }

    private func isFree(_ loader: BootLoader) throws -> Bool {
        switch loader {
        case .systemdBoot: try variable.bytes() == nil || isOurs(loader)
        case .grub:
            ["", ResumeEntry.id(for: loader)]
                .contains(try grubVariables().values[GRUBEnvironment.nextEntry] ?? "")
        }
    }

    private func isOurs(_ loader: BootLoader) throws -> Bool {
        let id = ResumeEntry.id(for: loader)
        return switch loader {
        case .systemdBoot: try variable.bytes() == LoaderVariable.bytes(id)
        case .grub: try grubVariables().values[GRUBEnvironment.nextEntry] == id
        }
    }

    private func grubVariables() throws -> (path: FilePath, values: GRUBEnvironment) {
        guard let path = BootLoader.grubEnvironment(machine) else {
            throw ResumeEntryError.missing("/boot/grub/grubenv")
        }
        let bytes = try machine.file(path, limit: GRUBEnvironment.sizeLimit)
        guard let values = GRUBEnvironment(bytes) else { throw ResumeEntryError.damaged(path) }
        return (path, values)
    }

    private func setGRUBEntry(_ id: String?) throws {
        var (path, values) = try grubVariables()
        values[GRUBEnvironment.nextEntry] = id ?? ""
        guard let bytes = values.bytes else { throw ResumeEntryError.damaged(path) }
        try machine.overwriteFile(path, with: bytes)
    }
}
