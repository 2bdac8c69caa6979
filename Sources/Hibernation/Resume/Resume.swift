// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxBoot
import LinuxPlatform
import PhysicalMemory
import Placement
import Restore
import SaverPlan
import SwsuspImage
import SystemPackage
import Threads
import Transfer

/// `kresume resume`, in the restore kernel: find, check, place, load, jump.
package struct Resume {
    /// Nil: see ``FindImage``.
    package var location: ImageLocation?
    /// Where to look if neither `location` nor the kernel command line says.
    package var configured: ConfiguredLocation?
    /// Where to look if nothing of this says: what the initramfs was made for.
    package var fallback: DeviceSpecification?
    /// The offset that goes with it, as it was written.
    package var fallbackOffset: String?
    /// See ``FindImage/takesFoundOffset``.
    package var takesFoundOffset = false
    /// Whether nobody has asked for it, as in a boot: then an image is taken only from where one of
    /// these says, and not because it is the only one there is.
    package var isUnattended = false
    /// How long to wait for the device, in seconds. Nil: what `kresume.wait=` of the kernel command
    /// line says, else `configuredWait`, else 30; a device named by hand is not waited for.
    package var wait: UInt64?
    package var configuredWait: UInt64?
    /// How often the machine may be started again where nothing but the firmware's memory map is not
    /// as it was, if `kresume.retry=` of the kernel command line does not say. Never where
    /// somebody has asked for the resume.
    package var configuredMapRetries: UInt64?
    /// Everything up to the load, then print the plan.
    package var dryRun = false
    /// Take an image that was tried before.
    package var retry = false
    /// Where the key of encrypted images is; nil: see ``KeyFilesHere``.
    package var keyFile: FilePath?
    /// Whether a boot may take an image that is not encrypted; nil: where there is no key.
    package var takesPlainImages: Bool?
    /// Take an image although file systems have changed since. Nobody does that by himself in a boot.
    package var ignoreChanged = false
    /// The hand-off writes a letter to this I/O port at each stage; 0: none.
    package var debugPort: UInt16 = 0
    private let machine: any Machine
    private var report: Report

    package enum Outcome {
        case noImage
        /// A dry run's.
        case plan(String)
    }

    package init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    /// Returns only where there was nothing to resume, and from a dry run. After an error the
    /// image is as it was.
    ///
    /// Throws ``ReportedError`` where the user has been told already: to give back the memory of a
    /// large image takes a while, and the sentence does not wait for that.
    package func run() throws -> Outcome {
        try Permission.requireRoot(machine)
        machine.holdSignalsBack()
        do { try machine.mountEFIVariables() } catch {
            report.detail("the EFI variables are not there: \(explanation(of: error))")
        }
        if isUnattended, !takesPlain { forbidOthers() }
        guard let found = try findImage.find() else { return .noImage }
        let record = report.recording()
        var resume = self
        resume.report = record.report
        return try resume.run(found, UndoList(machine, record.report), record.lines)
    }

    private func run(
        _ found: FoundImage, _ undo: UndoList, _ said: RecordedLines
    ) throws -> Outcome {
        // Memory that is being pinned lives to the end of this function, whatever happens.
        let cancellation = Cancellation()
        var memory: Result<ImageMemory, any Error>?
        do {
            return try run(found, &memory, cancellation, undo, said)
        } catch {
            cancellation.cancel()
            if isUnattended, case ResumeError.fileSystemsChanged = error { forbidOthers() }
            startAgain(error, found)
            let advised = withAdvice(error, on: found)
            report.fail(explanation(of: advised))
            if !dryRun { tellStatus(found, said) }
            throw ReportedError(advised)
        }
    }

    private func run(
        _ found: FoundImage, _ memory: inout Result<ImageMemory, any Error>?,
        _ cancellation: Cancellation, _ undo: UndoList, _ said: RecordedLines
    ) throws -> Outcome {
        try machine.throwIfInterrupted()
        try Permission.requireKexec(.ownArchitecture, machine)
        if !dryRun { try requireNothingMounted() }

        // If memory runs out, this process is the one to go: the boot then continues without it.
        try machine.setOutOfMemoryScore(1000)
        var times = PhaseTimes(machine)
        // What takes long goes on side by side: memory is pinned while the tables are read, and
        // what is already known to be in place is loaded while more is pinned.
        // If the memory is too little, that is said only of an image that is good.
        let unlocking = found.isSealed ? keys.memoryToUnlock : 0
        let image = try open(found) { dataPages, runs in
            memory = Result {
                try pin(dataPages, runs, unlocking: unlocking, cancellation, undo)
            }
        }
        try requireSealed(image, found)
        try requireNewest(image, found)
        try image.check(retry: retry || dryRun)
        report.note("found \(image.description)")
        let fileSystems = FileSystemCheck(image.fileSystems, on: machine)
        try fileSystems.wait(deviceWait)
        try requireUnchanged(fileSystems, found, isFirst: true)
        let question = try dryRun ? nil : unlock(image)
        // It is asked as long as it lives.
        defer { withExtendedLifetime(question) {} }
        times.end("tables")

        let places = PagePlaces()
        // Whoever works for this is told before it is waited for.
        let look = {
            do { try machine.throwIfInterrupted() } catch {
                cancellation.cancel()
                places.cancel(error)
                image.giveUp(error)
                throw error
            }
        }
        try look()
        let planning = try plan(for: image, with: memory, places, cancellation, undo)
        if dryRun {
            let engine = try planning.value(lookingAt: look)
            return .plan(ResumePlan(engine, on: machine).description)
        }
        let loading = Future { [report] in
            do { try image.load(into: places, report) } catch {
                // Nobody wants the rest of the memory now.
                cancellation.cancel()
                throw error
            }
        }
        let engine: RestoreEngine
        do { engine = try planning.value(lookingAt: look) } catch is Cancelled {
            try loading.value()
            throw Cancelled()
        }
        if let reason = engine.pinFailure {
            report.detail("memory is not pinned: \(explanation(of: reason))")
        }
        times.end("memory")
        try loading.value(lookingAt: look)
        times.end("pages")
        try judge(image.changes(places), found)
        try jump(into: image, found, engine, fileSystems, &times, undo, said)
    }

    /// What is not said at the first look is not said at the last one, between which and the jump there
    /// is to be nothing.
    private func requireUnchanged(
        _ check: FileSystemCheck, _ found: FoundImage, isFirst: Bool
    ) throws {
        let verdict = check.verdict()
        if isFirst { for line in verdict.warnings { report.warn(line) } }
        try judge(verdict.changes, found, saying: isFirst)
    }

    /// Throws where file systems have changed and nobody has said that this does not matter.
    private func judge(
        _ changes: [String], _ found: FoundImage, saying isSaid: Bool = true
    ) throws {
        if changes.isEmpty { return }
        let error = ResumeError.fileSystemsChanged(changes, found.path)
        if !ignoreChanged, !dryRun { throw error }
        if isSaid { report.warn(explanation(of: error)) }
    }

    /// For what belongs to the machine besides the image. Who names the image has all there.
    private var deviceWait: DeviceWait {
        get throws {
            if let wait { return DeviceWait(seconds: wait, machine, report) }
            if location != nil { return DeviceWait(seconds: 0, machine, report) }
            let line = KernelCommandLine(parsing: try machine.commandLine())
            return DeviceWait(line, configured: configuredWait, machine, report)
        }
    }

    private var keys: KeyFilesHere { KeyFilesHere(machine: machine, named: keyFile) }

    private var takesPlain: Bool { takesPlainImages ?? !keys.isConfigured }

    /// What is refused here for good is not to be resumed by the kernel instead, which the initramfs's own
    /// hooks ask next.
    private func forbidOthers() {
        do { try machine.forbidOtherResumes() } catch {
            report.warn(
                "other programs may still resume an image in this boot: "
                    + explanation(of: error))
        }
    }

    /// Where a key is here, an image that shows nothing is not taken but by somebody who means it: or
    /// who cannot make a sealed one would write a plain one.
    private func requireSealed(_ image: any ResumableImage, _ found: FoundImage) throws {
        guard !image.isSealed, !takesPlain else { return }
        if isUnattended { throw ResumeError.plainImage(found.path) }
        report.warn("the image on \(found.path) is not encrypted: anybody may have written it")
    }

    /// A person may have a reason to take an older one: the firmware's variables were reset, say.
    private func requireNewest(_ image: any ResumableImage, _ found: FoundImage) throws {
        if image.isNewest(NewestImage(machine, report)) { return }
        let error = ResumeError.olderImage(found.path)
        if isUnattended { throw error }
        report.warn(explanation(of: error))
    }

    /// Begins to ask for what opens an image; nil for one that is not sealed.
    private func unlock(_ image: any ResumableImage) throws -> Unlocking? {
        guard image.isSealed else { return nil }
        guard let (path, file) = try keys.openingKey() else {
            throw keys.absence
        }
        return Unlocking(path, file, for: image, machine, report)
    }

    /// Returns where the machine is not to be started again for this.
    private func startAgain(_ error: any Error, _ found: FoundImage) {
        guard isUnattended, !dryRun,
            let line = try? machine.commandLine(),
            let retry = MapRetry(
                KernelCommandLine(parsing: line), configured: configuredMapRetries, machine, report)
        else { return }
        switch error {
        case ResumeError.otherMemoryMap, ResumeError.otherACPITables:
            retry.start(after: error) {
                let area = try ImageArea.claim(found.path, offset: found.offset, on: machine)
                let image = try KexecJumpImage(area, on: machine) { _, _ in }
                return try image.differsOnlyByMap ? image : nil
            }
        case ResumeError.otherMemoryMapChecksum:
            retry.start(after: error) {
                let area = try StockArea(
                    open: found.path, offset: found.offset, .exclusive, on: machine)
                return try StockImage.Retries(area, on: machine)
            }
        default: return
        }
    }

    /// - Parameter unlocking: what it takes to make a key meanwhile, in bytes.
    private func pin(
        _ dataPages: UInt64, _ runs: UInt64?, unlocking: UInt64, _ cancellation: Cancellation,
        _ undo: UndoList
    ) throws -> ImageMemory {
        try ImageMemory(
            pages: dataPages,
            reserve: RestoreKernel.reserve(forLoading: dataPages, runs: runs)
                + unlocking,
            on: machine,
            unless: cancellation, witness: undo)
    }

    private func plan(
        for image: any ResumableImage, with memory: Result<ImageMemory, any Error>?,
        _ places: PagePlaces, _ cancellation: Cancellation, _ undo: UndoList
    ) throws -> Future<RestoreEngine> {
        let destinations = try image.destinations()
        let tables = try image.tables()
        return Future { [self] in
            do {
                return try RestoreEngine(
                    destinations, tables: tables,
                    memory: memory?.get()
                        ?? pin(
                            destinations.dataPageCount, UInt64(destinations.runCount),
                            unlocking: 0, cancellation, undo),
                    reserve: RestoreKernel.reserve, on: machine, places: places)
            } catch {
                places.cancel(error)
                throw error
            }
        }
    }

    /// - Parameter whenSized: told how many pages of data the image has, as soon as that is known;
    ///   and in how many runs, where that is known then.
    private func open(
        _ found: FoundImage, whenSized: (_ dataPages: UInt64, _ runs: UInt64?) -> Void
    ) throws -> any ResumableImage {
        switch found.kind {
        case .kresume:
            let area = try claim(found) { access in
                access == .exclusive
                    ? try ImageArea.claim(found.path, offset: found.offset, on: machine)
                    : try ImageArea(open: found.path, offset: found.offset, access, on: machine)
            }
            for device in area.devices { try requireWritable(device) }
            return try KexecJumpImage(area, on: machine, whenSized: whenSized)
        case .stock:
            let area = try claim(found) { access in
                try StockArea(open: found.path, offset: found.offset, access, on: machine)
            }
            try requireWritable(area.device)
            return try StockImage(area, on: machine) { whenSized($0, nil) }
        case .damaged(let error), .unreadable(let error): throw error
        case .uswsusp, .tuxOnIce: throw ResumeError.foreignImage(found)
        }
    }

    /// Some drivers let nobody open for writing what cannot be written to, others fail the write.
    private func claim<Area>(
        _ found: FoundImage, _ open: (BlockDevice.Access) throws -> Area
    ) throws -> Area {
        if dryRun { return try open(.read) }
        do { return try open(.exclusive) } catch {
            switch (error as? PlatformError)?.number {
            case .readOnlyFileSystem, .permissionDenied:
                throw ResumeError.writeProtected(found.path)
            default: throw error
            }
        }
    }

    private func requireWritable(_ device: BlockDevice) throws {
        guard device.isReadOnly else { return }
        let error = ResumeError.writeProtected(device.path)
        if !dryRun { throw error }
        report.warn(explanation(of: error))
    }

    /// The image is as it was, so the kernel that runs here may yet do by itself what we could
    /// not: unless the image is damaged or of another machine, or cannot be marked.
    private func withAdvice(_ error: any Error, on found: FoundImage) -> any Error {
        guard case .stock = found.kind else { return error }
        switch error {
        case is SwsuspError, MachineError.interrupted, SwsuspReadError<PlatformError>.image,
            ResumeError.otherMemoryMapChecksum, ResumeError.otherHardwareSignature,
            ResumeError.writeProtected, ResumeError.fileSystemsChanged:
            return error
        default: break
        }
        guard machine.kernelResumes,
            let number = (try? machine.open(found.path, .read, direct: false))?.number
        else { return error }
        let offset = found.offset / UInt64(PageFrame.size)
        let before = offset == 0 ? "" : "echo \(offset) > /sys/power/resume_offset; "
        return ResumeError.kernelMayResume(
            error, command: "\(before)echo \(number) > /sys/power/resume")
    }

    private var findImage: FindImage {
        FindImage(
            named: location,
            configured: configured
                ?? fallback.map {
                    ConfiguredLocation(device: $0, source: .commandLine)
                },
            wait: wait, configuredWait: configuredWait, isUnattended: isUnattended,
            defaultOffset: fallbackOffset, takesFoundOffset: takesFoundOffset, machine: machine,
            report: report)
    }

    private func jump(
        into image: some ResumableImage, _ found: FoundImage, _ engine: RestoreEngine,
        _ fileSystems: FileSystemCheck, _ times: inout PhaseTimes, _ undo: UndoList,
        _ said: RecordedLines
    ) throws -> Never {
        let variable = LocationVariable(machine, report)
        let location = variable.contents(naming: found.path, offset: found.offset)
        let newest = NewestImage(machine, report)
        let remembered = image.isSealed ? newest.contents : nil
        try machine.throwIfInterrupted()
        let target = try image.target(engine.places)
        try undo.change(.kexec) { try engine.load(target, debugPort: debugPort) }
        times.end("hand-off")
        report.note("going back")
        var isMarked = false
        var isCleared = false
        var isForgotten = false
        do {
            try engine.jump {
                // The last look: between the mark and the jump there is to be nothing.
                try machine.throwIfInterrupted()
                isMarked = true
                try image.markUsed()
                times.end("mark")
                report.detail("\(times.total) to the jump: \(times.parts)")
            } lastWord: {
                // Reading took long, and others may have been at work.
                try requireNothingMounted()
                try requireUnchanged(fileSystems, found, isFirst: false)
                try image.leaveWord(
                    engine.places, times: times.partsSinceBoot, said: said.lines)
                if location != nil { isCleared = variable.clear() }
                if remembered != nil { isForgotten = newest.variable.clear() }
            }
        } catch {
            if (try? machine.unloadKexec([])) != nil { undo.remove(.kexec) }
            if isCleared, let location { variable.putBack(location) }
            if isForgotten, let remembered { newest.variable.putBack(remembered) }
            if isMarked { unmark(image) }
            throw error
        }
    }

    /// For the boot that goes on. Why is the last line.
    private func tellStatus(_ found: FoundImage, _ said: RecordedLines) {
        let release = (try? machine.kernel().release) ?? "?"
        Status.write(
            [
                "\(calendarTime(machine.time())): the image on \(found.path) was not resumed",
                "Linux \(release) said:",
            ] + said.lines.map { "    \($0)" }, on: machine)
    }

    private func unmark(_ image: some ResumableImage) {
        do { try image.unmark() } catch {
            report.warn("the image stays marked as tried: \(explanation(of: error))")
        }
    }

    /// What is mounted here would be used by two kernels that do not know of each other; and even
    /// mounting for reading writes, where there is a journal. So is swap.
    private func requireNothingMounted() throws {
        let withoutJournal = ["squashfs", "iso9660", "erofs", "udf"]
        let mounted = try machine.mounts().filter {
            $0.hasDevice && !($0.isReadOnly && withoutJournal.contains($0.fileSystem))
        }
        if !mounted.isEmpty { throw ResumeError.fileSystemsMounted(mounted) }
        let swap = try machine.swaps().first { !$0.path.string.hasPrefix("/dev/zram") }
        if let swap { throw ResumeError.swapActive(swap.path) }
    }
}
