// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

/// The last step: file systems come to rest, and the saver kernel gets the machine. When this kernel
/// runs again, they go on.
struct JumpToSaver {
    var freezing = FileSystemFreezing.automatic
    /// Made when file systems are at rest, if they are to be.
    var lastCheck: () throws -> Void = {}
    private let machine: any Machine
    private let report: Report
    private let undo: UndoList

    init(_ machine: any Machine, _ report: Report, _ undo: UndoList) {
        self.machine = machine
        self.report = report
        self.undo = undo
    }

    /// Before this a process that waits for a frozen file system could not be stopped, and the jump
    /// failed: Linux kernel commit "fs: allow all writers to be frozen" (in v6.16).
    private static let stopsWriters = KernelVersion(6, 16)

    /// Returns after the jump back.
    ///
    /// - Parameter firstDeed: done when this kernel runs again, before file systems go on; it says nothing.
    func run(_ firstDeed: () -> Void = {}) throws {
        let release = try machine.kernel().release
        let defects = KernelDefect.all(of: release)
        for defect in defects { report.detail(defect.explanation) }
        var freezes =
            switch freezing {
            case .always: true
            case .never: false
            case .automatic:
                KernelVersion(release: release) ?? Self.stopsWriters >= Self.stopsWriters
            }
        let before = machine.deviceRefusals()
        while true {
            let (hasFrozen, error) = try attempt(freezing: freezes, firstDeed)
            guard let error else { return }
            if let before, let refusals = machine.deviceRefusals(), refusals.count > before.count {
                throw HibernateError.driverRefused(
                    refusals.last, error.number ?? .resourceBusy, defects)
            }
            // The kernel has let all processes go on again.
            guard hasFrozen, error.number == .resourceBusy else { throw error }
            report.note(
                "a program that waits for a frozen file system could not be stopped: trying again "
                    + "without freezing any")
            freezes = false
        }
    }

    /// - Returns: whether a file system was frozen, and why there was no jump.
    private func attempt(
        freezing: Bool, _ firstDeed: () -> Void
    ) throws -> (hasFrozen: Bool, error: PlatformError?) {
        let fileSystems = FreezeFileSystems(machine, report, undo)
        defer { fileSystems.thaw() }
        if freezing { try fileSystems.freeze() }
        let arrays = QuietArrays(machine, undo)
        defer { arrays.release() }
        try arrays.quieten()
        try lastCheck()
        try machine.throwIfInterrupted()
        do throws(PlatformError) { try machine.jump() } catch {
            return (!fileSystems.isEmpty, error)
        }
        firstDeed()
        return (!fileSystems.isEmpty, nil)
    }
}
