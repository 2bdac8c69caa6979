// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import KresumeImage
import LinuxBoot
import LinuxPlatform
import PhysicalMemory
import Restore
import SaverPlan
import SystemPackage
import Threads
import Transfer

/// `kresume hibernate`, in the original kernel: check, load the saver kernel, prepare the device,
/// jump; and when this kernel runs again, clean up and tell what happened. And `kresume test`, which
/// does the same without writing anything.
package struct Hibernate {
    /// What it came to, if nothing went wrong.
    package enum Outcome: Hashable, Sendable {
        case resumed
        /// From memory, which has kept its power.
        case awake
        /// By somebody, in the saver kernel.
        case cancelled
        /// What is to be told of it.
        case tested(String)
    }

    /// To the saver kernel and back, and the device is only read: `kresume test`.
    package var isTest = false
    /// The machine is not switched off: it sleeps with its memory kept, and the image is there if the power
    /// goes.
    package var isHybrid = false
    package var location: ImageLocation?
    /// Where the image goes if neither `location` nor the kernel command line says.
    package var configured: ConfiguredLocation?
    package var force = false
    /// Nil: the running kernel's, where its distribution keeps it.
    package var saverKernel: FilePath?
    package var saverInitrd: FilePath?
    /// In bytes; nil: what kernel and initramfs are expected to need.
    package var saverMemory: UInt64?
    /// How much memory may be in use before the page cache is dropped, in bytes. Nil: two fifths.
    package var imageSize: UInt64?
    package var cacheDropping = CacheDropping.all
    package var compression = ImageCompression.lz4
    /// More options for the saver's command line.
    package var saverAppend = ""
    /// The saver kernel is to unlock what this one has unlocked, which may take somebody to type
    /// a passphrase. Otherwise it unlocks nothing, and a device that is encrypted is refused.
    package var unlockInSaver = false
    package var freezing = FileSystemFreezing.automatic
    package var encryption = ImageEncryption.automatic
    /// The purgatory writes a letter to this I/O port; 0: none.
    package var debugPort: UInt16 = 0
    let machine: any Machine
    let report: Report
    /// What is to be read again, of all copies of this.
    private let cachedFiles: CachedFiles

    private static let kexecImage = "kexec_image"

    package init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
        cachedFiles = CachedFiles(machine, report)
    }

    /// Throws where something went wrong, and the machine went on. Then, too, ``readAgain()`` is what is left to
    /// do when the user has been told.
    package func run() throws -> Outcome {
        try Permission.requireRoot(machine)
        machine.holdSignalsBack()
        let undo = try UndoList(machine, report)
        let log = CycleLog(machine)
        do { return try run(undo, log) } catch {
            log.fail(error)
            throw error
        }
    }

    /// The last of all that is to be done, for nobody else has to wait for it: with ``CacheDropping/reread`` what
    /// programs have in use comes into the page cache again. Otherwise nothing.
    package func readAgain() { cachedFiles.readAgain() }

    private func run(_ undo: UndoList, _ log: CycleLog) throws -> Outcome {
        try Permission.requireKexec([.preserveContext, .ownArchitecture], machine)
        if isHybrid, !machine.canSuspendToMemory { throw HibernateError.cannotSuspend }
        // A list of all of them, which takes the kernel as long as the checks take. Without them free memory is
        // saved too.
        let symbols = Future { [machine] in
            (try? machine.symbols(FreePageContents.symbols + [Self.kexecImage])) ?? [:]
        }
        let seal = try encryption.seal(machine)
        let consent = KernelConsent(machine, force: force, report)
        try consent.requireNoSecrets()
        try consent.requireNoWatchdog()
        let target = try TargetDevice(
            location, configured, force: force, unlock: unlockInSaver, isSealed: seal != nil,
            on: machine, report, undo)
        log.target = target.name
        let saver = try loadSaver()
        let ready = try saver.prepare()
        let parts = ready.expected.parts.map { "\($0.name) \(mebibytes($0.size))" }
        report.detail("the saver kernel needs \(mebibytes(ready.expected.size)): \(list(parts))")
        do { try ready.requireEnough() } catch {
            if !force { throw error }
            report.warn(explanation(of: error))
        }
        try machine.throwIfInterrupted()
        log.end("checks")
        if isTest {
            try target.requireRoomForSwapped(leaving: ready.memoryNeeded)
            return try sleep(saver, consume ready, target, seal, symbols, undo, log)
        }
        try target.stopSwapping(leaving: ready.memoryNeeded)
        log.end("swap")
        defer {
            // It was in use before, so its failing is no reason to call all of this a failure.
            do { try target.swapAgain() } catch {
                report.warn("swap stays off: \(explanation(of: error))")
            }
        }
        return try sleep(saver, consume ready, target, seal, symbols, undo, log)
    }

    func loadSaver() throws -> LoadSaver {
        let release = try machine.kernel().release
        let files = SaverFiles(release: release, machine: machine)
        // Who is to type a passphrase in the saver wants to see where.
        let small = unlockInSaver ? nil : ResumeEntry.initramfs(for: release, machine)
        return LoadSaver(
            kernel: try saverKernel ?? files.kernel(),
            initrd: try saverInitrd ?? small ?? files.initrd(),
            memorySize: saverMemory, append: KernelCommandLine(parsing: saverAppend),
            unlocks: unlockInSaver, compression: compression, debugPort: debugPort,
            machine: machine)
    }

    /// From here to the jump and back. Whatever happens, nothing is left on the device that passes
    /// for an image, and the device is ours no more.
    ///
    /// A signal is looked at between what takes long, up to the jump. What comes later, or while
    /// things are put back, changes nothing.
    private func sleep(
        _ saver: LoadSaver, _ ready: consuming LoadSaver.Ready, _ target: TargetDevice,
        _ seal: ImageEncryption.Seal?, _ symbols: Future<[String: UInt64]>, _ undo: UndoList,
        _ log: CycleLog
    ) throws -> Outcome {
        try machine.throwIfInterrupted()
        // Before memory is looked at: some of them need more now, a graphics driver for instance.
        let notice = try KernelConsent(machine, force: force, report).notifyDrivers()
        defer { notice?.end() }
        try machine.throwIfInterrupted()
        let area = try isTest ? target.look() : target.claim()
        try ShrinkMemory(
            target: imageSize, dropping: cacheDropping, cachedFiles: cachedFiles,
            machine: machine, report: report
        ).run()
        let swapped = isTest ? target.activeSwap?.used ?? 0 : 0
        try requireSpace(
            in: area, saverMemory: ready.memorySize, swapped: swapped,
            unlocking: seal?.unlocking ?? 0)
        try machine.throwIfInterrupted()
        log.end("memory")
        let place = ready.place
        let acpiData = ready.acpiData
        let quiet = try QuietMemory(machine, undo)
        let box = try MessageBox(avoiding: place.frames, on: machine)
        let id = ImageID.random()
        let newest = NewestImage(machine, report)
        let isRemembered = seal != nil && !isTest && newest.remember(id)
        defer { if isRemembered { newest.variable.clear() } }
        let record = try machineRecord(
            place, message: box.frame, savesACPIData: !acpiData.isEmpty,
            isRemembered: isRemembered)
        let prepared = try PreparedImage(
            id: id, creationTime: machine.time(),
            signaturePage: try DiscardImage.pageWithoutOurs(in: area), machine: record,
            fileSystems: MountedFileSystems(machine).records(),
            compression: compression.chunks, acpiData: !acpiData.isEmpty, isSealed: seal != nil,
            layout: target.layout, areaSize: area.size)
        report.note("loading the saver kernel")
        let symbols = try symbols.value()
        let parameters = SaverParameters(
            image: prepared.header.id, offsetPages: target.offsetPages,
            mirrored: target.mirrored?.described(area), messagePage: box.frame.address,
            pagingDepth: record.jump.pagingDepth,
            keepsFreePages: keepsFreePages(symbols), compressionLevel: compression.level,
            mayStoreRaw: compression == .automatic,
            test: try isTest ? marks(of: area) : nil,
            isHybrid: isHybrid)
        undo.add(.kexec)
        do { try saver.load(ready, parameters) } catch {
            undo.remove(.kexec)
            throw error
        }
        log.end("saver kernel")
        let kept = try isTest ? box.keep(prepared.firstPages) : []
        box.leave(
            MessagePage(
                swapList: swapList(symbols), preparedImage: kept,
                sealOrders: seal.flatMap {
                    prepared.sealOrders($0.key, unlocking: $0.unlocking)
                }))
        defer {
            if (try? machine.unloadKexec([.preserveContext, .ownArchitecture])) != nil {
                undo.remove(.kexec)
            }
        }

        let message =
            try isTest
            ? test(target, box, undo, log) : hibernate(target, area, prepared, box, undo, log)
        withExtendedLifetime(quiet) {}
        let text = message?.text ?? ""
        switch message?.outcome {
        case .resumed:
            let returned = ReturnReport(text)
            report.note("resumed by Linux \(returned.release)")
            log.finish(returned)
            return .resumed
        case .cancelled:
            report.note("cancelled by \(text); the machine goes on")
            log.finish("cancelled by \(text)")
            return .cancelled
        case .awake:
            report.note("awake; memory was kept, and the image is dropped")
            log.finish("not needed: the machine slept, and its memory was kept")
            return .awake
        case .tested:
            guard let result = TestResult(text) else { throw HibernateError.noWord }
            log.finish("tested")
            return .tested(Self.text(result, swapped: swapped))
        case .failed:
            if isTest { throw HibernateError.testFailed(text) }
            throw isHybrid ? HibernateError.notAsleep(text) : .saveFailed(text)
        case .pending, nil: throw HibernateError.noWord
        }
    }

    private func hibernate(
        _ target: TargetDevice, _ area: ImageArea, _ prepared: PreparedImage, _ box: MessageBox,
        _ undo: UndoList, _ log: CycleLog
    ) throws -> MessagePage? {
        let nextBoot = NextBoot(
            target: target, configured: configured, machine: machine, report: report)
        let isPointedTo = nextBoot.point()
        defer { nextBoot.unpoint(isOurs: isPointedTo) }
        nextBoot.warnIfElsewhere()
        let nextEntry = NextEntry(machine, report)
        let hasEntry = nextEntry.isThere
        if hasEntry {
            undo.add(.nextEntry)
            nextEntry.mark()
        }
        defer {
            if hasEntry {
                nextEntry.unmark()
                undo.remove(.nextEntry)
            }
        }

        try machine.throwIfInterrupted()
        let how = prepared.header.isSealed ? ", encrypted" : ""
        report.note("hibernating to \(target.name)\(how)")
        machine.sync()
        let image = UndoNote.Entry.image(
            target.path, target.number, offset: target.offset, prepared.header.id)
        undo.add(image)
        defer { if cleanUp(area, prepared) { undo.remove(image) } }
        try area.writeMemberPages(of: prepared.header.id)
        try area.commit(prepared.writes)
        // Two other kernels are about to write behind this one's back.
        try area.dropCaches()
        log.end("disk")
        // The saver has done it where it could. Before anything is written that the image does not know of.
        return try jump(target, box, undo, log) { try? area.invalidate(prepared) }
    }

    /// What programs have written is written out all the same: if this machine cannot do it, it may
    /// not come back.
    private func test(
        _ target: TargetDevice, _ box: MessageBox, _ undo: UndoList, _ log: CycleLog
    ) throws -> MessagePage? {
        NextBoot(target: target, configured: configured, machine: machine, report: report)
            .warnIfElsewhere()
        try machine.throwIfInterrupted()
        report.note("testing with \(target.name), to which nothing is written")
        machine.sync()
        return try jump(target, box, undo, log)
    }

    /// To the saver kernel.
    ///
    /// - Parameter firstDeed: see ``JumpToSaver``.
    /// - Returns: what was found when this kernel ran again.
    private func jump(
        _ target: TargetDevice, _ box: MessageBox, _ undo: UndoList, _ log: CycleLog,
        firstDeed: () -> Void = {}
    ) throws -> MessagePage? {
        try box.checkNotMoved()
        var jump = JumpToSaver(machine, report, undo)
        jump.freezing = freezing
        jump.lastCheck = { try target.chosen.file?.requireUnmoved() }
        try jump.run(firstDeed)
        log.returned()
        let message = box.message
        stir(message?.seed ?? [], box)
        return message
    }

    /// Of each device, which nothing is written to. Of those besides the first it is their first page, for swap
    /// may be written to the others.
    private func marks(of area: ImageArea) throws -> [DeviceMark] {
        try area.devices.enumerated().map { index, device in
            try DeviceMark(of: device, offset: index == 0 ? area.offset : 0)
        }
    }

    private static func text(_ result: TestResult, swapped: UInt64) -> String {
        let swap = swapped == 0 ? "" : ", and \(mebibytes(swapped)) that is swapped out"
        return """
            the saver kernel came up in \(seconds(milliseconds: result.startTime)), saw \(result.device), and found \
            the way back
            it would save \(mebibytes(result.memorySize)) as \(mebibytes(result.imageSize)) in about \
            \(seconds(milliseconds: result.saveTime))\(swap)
            hibernation is expected to work on this machine
            """
    }

    /// Without that the random numbers of one machine would come twice where its disk is copied. The seed
    /// is nobody else's affair.
    private func stir(_ seed: [UInt8], _ box: MessageBox) {
        guard !seed.isEmpty else { return }
        box.leave(MessagePage(.pending))
        do { try machine.stirRandom(seed) } catch {
            report.warn("the random number generator is as it was: \(explanation(of: error))")
        }
    }

    private func keepsFreePages(_ symbols: [String: UInt64]) -> Bool {
        guard case .matter(let reason) = FreePageContents.ask(symbols, machine) else {
            return false
        }
        report.note("free memory is saved too: \(reason)")
        return true
    }

    /// Where kexec's list of what it swaps with the saver kernel begins: see `BackupPages`. Without
    /// it more free memory is saved than need be.
    private func swapList(_ symbols: [String: UInt64]) -> UInt64? {
        guard let variable = symbols[Self.kexecImage], let kernel = try? RunningKernel(machine),
            let image = try? kernel.word(at: variable)
        else { return nil }
        // `head` is the first member of `struct kimage`, include/linux/kexec.h, Linux 6.12.
        return try? kernel.word(at: image)
    }

    private func machineRecord(
        _ place: LoadSaver.Place, message: PageFrame, savesACPIData: Bool, isRemembered: Bool
    ) throws -> MachineRecord {
        let kernel = try machine.kernel()
        return MachineRecord(
            system: SystemDescription(
                kernelRelease: kernel.release, kernelVersion: kernel.version,
                machine: kernel.machine, hostName: kernel.nodeName),
            memoryMap: try MachineFacts.firmwareMap(machine),
            invariants: try MachineFacts.invariants(
                machine, withACPITables: savesACPIData, isRemembered: isRemembered),
            jump: JumpRecord(
                jumpBackEntry: nil, saverRegion: place.region, saverLowMemory: place.lowMemory,
                messagePage: message.address, pagingDepth: try machine.pagingDepth()))
    }

    /// A device that is certainly too small is refused now; one that turns out to be is found out
    /// by the saver, and costs no more than the time. The same with an image that no restore kernel
    /// could hold.
    ///
    /// - Parameter swapped: what is to come into memory yet, in bytes.
    func requireSpace(
        in area: ImageArea, saverMemory: UInt64, swapped: UInt64, unlocking: UInt64
    ) throws {
        let memory = try machine.memory()
        let used = memory.used + swapped
        let needed = RestoreKernel.leastImageSize(used: used)
        if area.size < needed {
            throw HibernateError.deviceTooSmall(area.device.path, size: area.size, needed: needed)
        }
        let room = RestoreKernel.room(ram: memory.total, kernel: saverMemory, unlocking: unlocking)
        if used > room { throw HibernateError.imageTooLarge(used, limit: room) }
    }

    /// The machine runs, so its image must not be resumed again. A failure here is told beside
    /// what the hibernation came to, not in place of it.
    ///
    /// - Returns: whether it cannot be resumed any more.
    private func cleanUp(_ area: ImageArea, _ prepared: PreparedImage) -> Bool {
        do { try area.invalidate(prepared) } catch {
            report.fail(explanation(of: error))
            report.fail(explanation(of: HibernateError.imageLeft(area.device.path)))
            return false
        }
        do { try area.commit([ImageHeader.erasure]) } catch {
            report.warn("the rest of the image could not be erased: \(explanation(of: error))")
        }
        return true
    }
}
