// SPDX-License-Identifier: GPL-2.0-or-later

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
    /// The hand-off writes a letter to this I/O port at each stage; 0: none.
    package var debugPort: UInt16 = 0
    private let machine: any Machine
    private let report: Report

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
        guard let found = try findImage.find() else { return .noImage }
        return try run(found, UndoList(machine, report))
    }

    private func run(_ found: FoundImage, _ undo: UndoList) throws -> Outcome {
        // Memory that is being pinned lives to the end of this function, whatever happens.
        let cancellation = Cancellation()
        var memory: Result<ImageMemory, any Error>?
        do {
            return try run(found, &memory, cancellation, undo)
        } catch {
            cancellation.cancel()
            startAgain(error, found)
            let advised = withAdvice(error, on: found)
            report.fail(explanation(of: advised))
            throw ReportedError(advised)
        }
    }

    private func run(
        _ found: FoundImage, _ memory: inout Result<ImageMemory, any Error>?,
        _ cancellation: Cancellation, _ undo: UndoList
    ) throws -> Outcome {
        try machine.throwIfInterrupted()
        try Permission.requireKexec(.longMode, machine)
        if !dryRun { try requireNothingMounted() }

        // If memory runs out, this process is the one to go: the boot then continues without it.
        try machine.setOutOfMemoryScore(1000)
        var times = PhaseTimes(machine)
        // What takes long goes on side by side: memory is pinned while the tables are read, and
        // what is already known to be in place is loaded while more is pinned.
        // If the memory is too little, that is said only of an image that is good.
        let image = try open(found) { dataPages in
            memory = Result { try pin(dataPages, cancellation, undo) }
        }
        try image.check(retry: retry || dryRun)
        report.note("found \(image.description)")
        times.end("tables")

        let places = PagePlaces()
        // Whoever works for this is told before it is waited for.
        let look = {
            do { try machine.throwIfInterrupted() } catch {
                cancellation.cancel()
                places.cancel(error)
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
        try jump(into: image, found, engine, &times, undo)
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
                let area = try ImageArea(
                    open: found.path, offset: found.offset, .exclusive, on: machine)
                let image = try KexecJumpImage(area, on: machine) { _ in }
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

    private func pin(
        _ dataPages: UInt64, _ cancellation: Cancellation, _ undo: UndoList
    ) throws -> ImageMemory {
        try ImageMemory(
            pages: dataPages, reserve: RestoreKernel.reserve(forLoading: dataPages), on: machine,
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
                    memory: memory?.get() ?? pin(destinations.dataPageCount, cancellation, undo),
                    reserve: RestoreKernel.reserve, on: machine, places: places)
            } catch {
                places.cancel(error)
                throw error
            }
        }
    }

    /// - Parameter whenSized: told how many pages of data the image has, as soon as that is known.
    private func open(
        _ found: FoundImage, whenSized: (_ dataPages: UInt64) -> Void
    ) throws -> any ResumableImage {
        switch found.kind {
        case .kresume:
            let area = try claim(found) { access in
                try ImageArea(open: found.path, offset: found.offset, access, on: machine)
            }
            try requireWritable(area.device)
            return try KexecJumpImage(area, on: machine, whenSized: whenSized)
        case .stock:
            let area = try claim(found) { access in
                try StockArea(open: found.path, offset: found.offset, access, on: machine)
            }
            try requireWritable(area.device)
            return try StockImage(area, on: machine, whenSized: whenSized)
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
            ResumeError.writeProtected:
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
            configured: configured ?? fallback.map { ConfiguredLocation(device: $0) },
            wait: wait, configuredWait: configuredWait, isUnattended: isUnattended,
            machine: machine, report: report)
    }

    private func jump(
        into image: some ResumableImage, _ found: FoundImage, _ engine: RestoreEngine,
        _ times: inout PhaseTimes, _ undo: UndoList
    ) throws -> Never {
        let variable = LocationVariable(machine, report)
        let location = variable.contents(naming: found.path, offset: found.offset)
        try machine.throwIfInterrupted()
        let target = try image.target(engine.places)
        try undo.change(.kexec) { try engine.load(target, debugPort: debugPort) }
        times.end("hand-off")
        report.note("going back")
        var isMarked = false
        var isCleared = false
        do {
            try engine.jump {
                // The last look: between the mark and the jump there is to be nothing.
                try machine.throwIfInterrupted()
                isMarked = true
                try image.markUsed()
                times.end("mark")
                report.detail("\(times)")
            } lastWord: {
                // Reading took long, and others may have been at work.
                try requireNothingMounted()
                if location != nil { isCleared = variable.clear() }
            }
        } catch {
            if (try? machine.unloadKexec([])) != nil { undo.remove(.kexec) }
            if isCleared, let location { variable.putBack(location) }
            if isMarked { unmark(image) }
            throw error
        }
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
