// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxBoot
import LinuxPlatform
import SystemPackage

/// `kresume setup`: makes a system one that hibernates and comes back, from what is there. What is
/// missing is a ``SetupPlan``; what was changed is in a ``SetupNote``.
package struct Setup {
    /// Nil: where there is no swap that can hold an image, one of the root's.
    package var swapFile: FilePath?
    /// In bytes; nil: as much as there is memory.
    package var size: UInt64?
    package var encrypts = true
    /// Whether a second initramfs is made, only to resume. One that is there is kept up to date anyway.
    package var makesResumeEntry = false
    /// How it will be hibernated.
    let hibernate: Hibernate
    let machine: any Machine
    let report: Report

    /// What systemctl is asked for.
    static let verbs = ["hibernate", "suspend-then-hibernate", hybrid]
    private static let hybrid = "hybrid-sleep"
    static func dropIn(for verb: String) -> FilePath {
        FilePath("/etc/systemd/system/systemd-\(verb).service.d/kresume.conf")
    }
    static let grubFile: FilePath = "/etc/default/grub.d/kresume.cfg"
    private static let systemd: FilePath = "/run/systemd/system"
    static let sharedDirectories = ["/usr/share", "/usr/local/share"]

    package init(_ hibernate: Hibernate) {
        self.hibernate = hibernate
        machine = hibernate.machine
        report = hibernate.report
    }

    /// Looks only. Throws where no step of ours makes it work.
    package func plan() throws -> SetupPlan {
        try Permission.requireRoot(machine)
        try Permission.requireKexec(.ownArchitecture, machine)
        guard let tool = InitramfsTool(machine) else { throw SetupError.noInitramfsTool }
        var plan = SetupPlan()
        if !isOwnWay {
            plan.warnings.append(
                "this kernel cannot be jumped back into (CONFIG_KEXEC_JUMP): the kernel's own "
                    + "hibernation writes the image, kresume resumes it, and it is not encrypted")
        }
        let target = try target()
        if target == nil {
            let file = try NewSwapFile(swapFile, size: size, SetupNote(machine), on: machine)
            plan.steps.append(.swapFile(file))
        }
        if needsKey {
            // Of one that is there already it would not be known whether it opens what ours seals.
            if machine.exists(KeyFilesHere.opening) {
                throw KeyError.alreadyThere(KeyFilesHere.opening)
            }
            plan.steps.append(.key)
        }
        planLocation(target, &plan)
        for verb in isOwnWay ? Self.verbs : [] {
            // Elsewhere the kernel's own way is better than none.
            if verb == Self.hybrid, !machine.canSuspendToMemory { continue }
            if let file = systemdDropIn(for: verb) {
                plan.steps.append(.systemd(verb: verb, dropIn: file))
            }
        }
        if MkinitcpioHook.isMissing(machine) { plan.steps.append(.mkinitcpioHook) }
        if !plan.isEmpty || !isInInitramfs {
            plan.steps.append(.initramfs(command: tool.command))
        }
        try planResumeEntry(&plan)
        return plan
    }

    var isOwnWay: Bool {
        (try? Permission.requireKexec([.preserveContext, .ownArchitecture], machine)) != nil
    }

    private var needsKey: Bool {
        isOwnWay && encrypts && !machine.exists(KeyFilesHere.sealing)
    }

    /// What would take the image now; nil where nothing is there for it.
    func target() throws -> TargetDevice? {
        if let swapFile, !isInUse(swapFile) { return nil }
        let isSealed = isOwnWay && (encrypts || machine.exists(KeyFilesHere.sealing))
        let location = swapFile.map { ImageLocation(.path($0)) }
        do {
            return try TargetDevice(
                location, hibernate.configured, force: false, unlock: !isOwnWay,
                isSealed: isSealed, on: machine, report, UndoList(machine, report))
        } catch HibernateError.noDevice { return nil }
    }

    /// One that is there, and no swap in use, is not ours to take.
    private func isInUse(_ file: FilePath) -> Bool {
        (try? machine.swaps().contains { $0.path == file }) ?? false
    }

    private func planLocation(_ target: TargetDevice?, _ plan: inout SetupPlan) {
        let line = KernelCommandLine(parsing: (try? machine.commandLine()) ?? "")
        let hasFirmware = machine.exists(EFIVariable.directory)
        if let target {
            let next = NextBoot(
                target: target, configured: hibernate.configured, machine: machine, report: report)
            guard next.newLocation == nil, let complaint = next.complaint else { return }
            if line.resumeDevice != nil || line.forbidsResume || hibernate.configured != nil {
                return plan.warnings.append(complaint)
            }
        } else if hasFirmware, line.resumeDevice == nil {
            // The one that hibernates leaves it there.
            return
        }
        guard hibernate.configured == nil else { return }
        plan.steps.append(.location)
        if hasFirmware || line.resumeDevice != nil { return }
        if machine.exists("/etc/default/grub.d"), programPath("update-grub", machine) != nil {
            plan.steps.append(.commandLine)
        } else if machine.exists(Self.systemd) {
            // `hibernation_is_safe`, src/shared/hibernate-util.c, systemd 257.
            plan.warnings.append(
                "without UEFI systemctl hibernate of systemd 254 and newer wants the kernel command "
                    + "line to say where images are, too: give the boot loader resume= and "
                    + "resume_offset= with what kresume.conf then has as device and offset")
        }
    }

    /// What is installed for it, unless it is linked already, or there is no systemd.
    private func systemdDropIn(for verb: String) -> FilePath? {
        guard machine.exists(Self.systemd), !machine.exists(Self.dropIn(for: verb)) else {
            return nil
        }
        return Self.sharedDirectories.lazy
            .map { FilePath("\($0)/kresume/systemd-\(verb).conf") }
            .first { machine.exists($0) }
    }

    private var isInInitramfs: Bool {
        initramfs.map { hasProgram($0) != false } ?? false
    }

    /// An initramfs that was made and has no kresume in it.
    var initramfsWithoutUs: FilePath? {
        initramfs.flatMap { hasProgram($0) == false ? $0 : nil }
    }

    private var initramfs: FilePath? {
        guard let release = try? machine.kernel().release else { return nil }
        return try? SaverFiles(release: release, machine: machine).initrd()
    }

    /// Nil where it cannot be told.
    private func hasProgram(_ path: FilePath) -> Bool? {
        guard let bytes = try? machine.file(path, limit: CheckMachine.fileLimit) else { return nil }
        return InitramfsContents(of: bytes, lookingFor: [InitramfsContents.program])
            .has(InitramfsContents.program)
    }
}
