// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxBoot
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import SystemPackage

/// `kresume check`: whether hibernating and resuming would work here, by the same questions that
/// `hibernate` and `resume` ask. It changes nothing.
package struct CheckMachine {
    /// See ``Resume/takesPlainImages``.
    package var takesPlainImages: Bool?
    /// How it would be hibernated.
    private let hibernate: Hibernate
    private let machine: any Machine
    private let report: Report

    static let fileLimit = 1 << 30

    package init(_ hibernate: Hibernate) {
        self.hibernate = hibernate
        machine = hibernate.machine
        // What they say by the way is no condition.
        report = Report(.quiet, to: Nowhere())
    }

    private struct Nowhere: ReportSink {
        func write(_ level: KernelLog.Level, _ line: String) {}
        func clear() {}
    }

    /// Throws only where there is no asking.
    package func run() throws -> Checkup {
        try Permission.requireRoot(machine)
        var checkup = Checkup()
        checkKernel(&checkup)
        try checkDevice(&checkup)
        checkEncryption(&checkup)
        checkStock(&checkup)
        checkStockResume(&checkup)
        checkResume(&checkup)
        return checkup
    }

    private func checkKernel(_ checkup: inout Checkup) {
        checkup.look(.ownKernel) {
            try Permission.requireKexec([.preserveContext, .ownArchitecture], machine)
            return "it can be jumped back into"
        }
        if let release = try? machine.kernel().release {
            let defects = KernelDefect.all(of: release)
            for defect in defects { checkup.add(.defects, .doubtful, defect.explanation) }
            if defects.isEmpty { checkup.add(.defects, .met, "none of this kernel's matters here") }
        }
        checkup.look(.secretMemory) {
            try KernelConsent(machine, force: hibernate.force, report).requireNoSecrets()
            return "none is in use"
        }
        checkup.look(.watchdog) {
            try KernelConsent(machine, force: hibernate.force, report).requireNoWatchdog()
            return "none counts while the saver kernel runs"
        }
        if machine.exists("/dev/snapshot") {
            checkup.add(.drivers, .met, "they are prepared")
        } else {
            checkup.add(
                .drivers, .doubtful,
                "there is no /dev/snapshot (CONFIG_HIBERNATION_SNAPSHOT_DEV), so they are not "
                    + "prepared")
        }
    }

    private func checkDevice(_ checkup: inout Checkup) throws {
        let undo = try UndoList(machine, report)
        var target: TargetDevice?
        checkup.look(.device) {
            let found = try TargetDevice(
                hibernate.location, hibernate.configured, force: hibernate.force,
                unlock: hibernate.unlockInSaver,
                isSealed: (try? hibernate.encryption.seal(machine)) != nil, on: machine, report,
                undo)
            target = found
            return "the image goes to \(found.name)"
        }
        var saver: LoadSaver?
        checkup.look(.saverKernel) {
            let found = try hibernate.loadSaver()
            saver = found
            return "it is \(found.kernel)"
        }
        guard let saver else { return }
        checkInitramfs(&checkup, .saverInitramfs) { saver.initrd }
        checkup.look(.saverMemory) {
            let ready = try saver.prepare()
            if let target {
                try target.requireRoomForSwapped(leaving: ready.memoryNeeded)
                try hibernate.requireSpace(
                    in: target.look(), saverMemory: ready.memorySize,
                    swapped: target.activeSwap?.used ?? 0,
                    unlocking: hibernate.encryption.seal(machine)?.unlocking ?? 0)
            }
            if !hibernate.force { try ready.requireEnough() }
            return "\(mebibytes(ready.memorySize)), and the image has room"
        }
        guard let target else { return }
        let nextBoot = NextBoot(
            target: target, configured: hibernate.configured, machine: machine, report: report)
        if nextBoot.newLocation != nil {
            checkup.add(
                .nextBoot, .met, "the EFI variable HibernateLocation will lead there")
        } else if let complaint = nextBoot.complaint {
            checkup.add(.nextBoot, .doubtful, complaint)
        } else {
            checkup.add(.nextBoot, .met, "it looks on \(target.announced.path)")
        }
    }

    private func checkEncryption(_ checkup: inout Checkup) {
        if hibernate.encryption != .always, !machine.exists(KeyFilesHere.sealing) {
            return checkup.add(
                .encryption, .doubtful,
                "images are not encrypted: who reads the disk reads the memory, and who writes it can "
                    + "take the machine over (kresume key create)")
        }
        checkup.look(.encryption) {
            guard try hibernate.encryption.seal(machine) != nil else {
                try requirePlainTaken()
                return "it is turned off"
            }
            // Throws where its halves are of two keys.
            _ = try ManageKeys(machine, report).show()
            return "images are encrypted"
        }
    }

    /// That the hooks take along.
    private var hasKeyFile: Bool { machine.exists(KeyFilesHere.opening) }

    /// Wherever the other half of the key is: on a stick, a credential.
    private func requirePlainTaken() throws {
        if !(takesPlainImages ?? !machine.exists(KeyFilesHere.sealing)) {
            throw CheckError.plainImagesRefused
        }
    }

    private func checkStock(_ checkup: inout Checkup) {
        checkup.look(.stockKernel) {
            switch try machine.kernelHibernation() {
            case .possible: return "it can hibernate"
            case .absent: throw CheckError.noHibernation
            case .disabled:
                let users = try machine.secretMemoryUsers()
                if !users.isEmpty { throw HibernateError.secretMemory(users) }
                if try machine.lockdown() != .off { throw MachineError.lockedDown }
                throw CheckError.hibernationDisabled
            }
        }
        checkup.look(.swap) {
            let swaps = try machine.swaps()
            let room = swaps.reduce(0) { $0 + ($1.size - min($1.used, $1.size)) }
            // The kernel's image has half of memory at most: `hibernate_preallocate_memory`,
            // kernel/power/snapshot.c, Linux 6.12.
            let memory = try machine.memory()
            let most = min(memory.used, memory.total / 2)
            guard room > 0 else { throw CheckError.noSwap }
            guard room >= most else { throw CheckError.littleSwap(room, needed: most) }
            return "\(mebibytes(room)) are free"
        }
    }

    private func checkStockResume(_ checkup: inout Checkup) {
        checkup.look(.stockNextBoot) {
            try requirePlainTaken()
            return "it takes images that are not encrypted"
        }
        do {
            guard
                let (location, source) = try NextBoot.expected(
                    hibernate.configured, machine, report)
            else { return }
            checkPlace(&checkup, location, source)
        } catch { checkup.add(.place, .doubtful, explanation(of: error)) }
    }

    /// Whether the next boot looks where swap is in use.
    private func checkPlace(
        _ checkup: inout Checkup, _ location: ImageLocation, _ source: String
    ) {
        let path = try? location.resolve(on: machine).path
        var places: [String] = []
        for swap in (try? machine.swaps()) ?? [] {
            var (device, page) = (swap.path, UInt64(0))
            if !swap.isBlockDevice {
                guard let blocks = try? machine.blocks(of: swap.path), let below = blocks.device,
                    let first = blocks.extents.first
                else { continue }
                (device, page) = (below, first.deviceOffset / UInt64(PageFrame.size))
            }
            if let path, page == location.offsetPages, machine.isSameDevice(path, device) {
                return checkup.add(
                    .place, .met, "the next boot looks where \(swap.path) is")
            }
            places.append(
                swap.isBlockDevice
                    ? "\(device)" : "\(swap.path), page \(page) of \(device): resume_offset=\(page)"
            )
        }
        if places.isEmpty { return }
        checkup.add(
            .place, .doubtful,
            "the next boot looks on "
                + NextBoot.words("\(location.device)", pages: location.offsetPages)
                + " (\(source)), where no swap is in use (in use: \(list(places)))")
    }

    private func checkResume(_ checkup: inout Checkup) {
        checkup.look(.resumeKernel) {
            try Permission.requireKexec(.ownArchitecture, machine)
            return "it can start another one"
        }
        checkup.look(.memoryMap) {
            _ = try MachineFacts.firmwareMap(machine)
            return "the firmware's is shown"
        }
        checkInitramfs(&checkup, .initramfs) {
            try SaverFiles(release: try machine.kernel().release, machine: machine).initrd()
        }
        if let entry = ResumeEntry(machine) {
            do {
                try entry.requireWhole(machine)
                checkup.add(
                    .resumeInitramfs, .met,
                    "\(entry.loader.name) starts Linux \(entry.release) with it after a hibernation"
                )
            } catch { checkup.add(.resumeInitramfs, .doubtful, error.explanation) }
        }
        if let line = (try? machine.commandLine()).map({ KernelCommandLine(parsing: $0) }) {
            checkup.look(.commandLine) {
                if line.forbidsResume { throw CheckError.resumeForbidden }
                return "it forbids no resume"
            }
        }
    }

    private func checkInitramfs(
        _ checkup: inout Checkup, _ line: Checkup.Line, _ path: () throws -> FilePath
    ) {
        let wantsKey = line == .initramfs && hasKeyFile
        let key = String(KeyFilesHere.opening.string.dropFirst())
        var isKnown = true
        checkup.look(line) {
            let path = try path()
            let contents = InitramfsContents(
                of: try machine.file(path, limit: Self.fileLimit),
                lookingFor: Set([InitramfsContents.program] + (wantsKey ? [key] : [])))
            if contents.has(InitramfsContents.program) == false {
                throw CheckError.notInInitramfs(path)
            }
            if wantsKey, contents.has(key) == false { throw CheckError.keyNotInInitramfs(path) }
            isKnown = contents.has(InitramfsContents.program) == true
            return isKnown ? "kresume is in \(path)" : "it is \(path)"
        }
        if !isKnown {
            checkup.add(
                line, .doubtful,
                "it is not known how to look into it: see that kresume is in it"
                    + (wantsKey ? ", and \(KeyFilesHere.opening)" : ""))
        }
    }
}
