// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import KresumeImage
import LinuxBoot
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import StoppedKernel
import SystemPackage
import Transfer

/// The work of ``Save``, in a process of its own: write A's memory, then switch the machine off, or have it
/// sleep.
package struct SaveWork {
    /// How long to wait for the device, in seconds, where the kernel command line does not say.
    package var configuredWait: UInt64?
    private let machine: any Machine
    private let report: Report

    package init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    /// Tells whoever has started it why the image is not saved. Where nobody is left to hear that,
    /// takes the way back itself. Throws only where that failed, too.
    package func run() throws {
        let line = KernelCommandLine(parsing: try machine.commandLine())
        guard let orders = try SaverOrders(line) else { return }
        do {
            // If memory runs out, this process is the one to go.
            try machine.setOutOfMemoryScore(1000)
            machine.useAllCPUs()
            var wait = DeviceWait(line, configured: configuredWait, machine, report)
            wait.stillWaiting = { try? SaveWord.stillSaving.say(on: machine) }
            try save(orders, wait)
        } catch {
            let reason = explanation(of: error)
            do { try SaveWord.failed(reason).say(on: machine) } catch {
                try GoBack(machine, report).run(saying: reason)
            }
        }
    }

    /// All but A's free pages; these too, where it needs them or they cannot be told.
    private func pages(
        of memory: SavedMemory, _ prepared: PreparedImage, _ orders: SaverOrders
    ) -> PageKinds {
        var pages = memory.pages
        if orders.parameters.keepsFreePages { return pages }
        do {
            // Where the saver lives, A has free pages too, and has counted them.
            let ram = SavedMemory.expected(prepared.machine.memoryMap.ram)
            let free = try FreePages(
                memory.kernelInfo(), ram: ram, read: memory.bytes, view: memory.view)
            let before = pages.pageCount
            for range in free.frames.ranges { pages.leaveOut(range) }
            for range in backups(of: free.frames, memory, prepared, orders).ranges {
                pages.leaveOut(range)
            }
            let size = mebibytes((before - pages.pageCount) * UInt64(PageFrame.size))
            report.note("leaving out \(size) of free memory")
            if !free.unknown.isEmpty {
                let size = mebibytes(free.unknown.count * UInt64(PageFrame.size))
                report.detail("how much of \(size) is free cannot be told: all of it is saved")
            }
        } catch {
            report.warn("free memory is saved too: \(explanation(of: error))")
        }
        return pages
    }

    /// What was free where the saver lives: A has swapped it with pages that count as in use.
    private func backups(
        of free: FrameBits, _ memory: SavedMemory, _ prepared: PreparedImage, _ orders: SaverOrders
    ) -> FrameSet {
        guard let head = memory.message(orders.parameters.messagePage)?.swapList else {
            return FrameSet()
        }
        let swapped = prepared.machine.jump.saverMemory
        do {
            let pages = try BackupPages(head: head, of: swapped, read: memory.bytes)
            return pages.backups(of: free.intersection(swapped)).intersection(memory.frames)
        } catch {
            let size = mebibytes(free.intersection(swapped).count * UInt64(PageFrame.size))
            report.warn("\(size) of free memory is saved too: \(explanation(of: error))")
            return FrameSet()
        }
    }

    /// Does not return where the machine is switched off; returns after a test, and after a sleep.
    private func save(_ orders: SaverOrders, _ wait: DeviceWait) throws {
        let started = machine.uptime()
        var times = PhaseTimes(machine)
        let parameters = orders.parameters
        let isTest = parameters.test != nil
        if parameters.isHybrid, !machine.canSuspendToMemory { throw SaveError.cannotSuspend }
        let memory = try SavedMemory(machine)
        let place = try FindArea(parameters: parameters).find(wait)
        try? SaveWord.deviceFound.say(on: machine)
        let devices = try place.open(isTest ? .rehearsal : .exclusive, on: machine)
        var area = try ImageArea(
            on: devices[0], offset: place.offset, isTest ? .nothing : .prepared
        ) { _, _ in Array(devices.dropFirst()) }
        let prepared =
            try isTest
            ? keptImage(in: memory, parameters, areaSize: area.size)
            : PreparedImage(reading: parameters.image, areaSize: area.size, readAt: area.readAt)
        // In a test nothing on the device says it.
        if isTest, let layout = prepared.layout {
            area = try ImageArea(on: devices, layout: layout)
        }
        try memory.requireAll(of: prepared)
        times.end("device")
        let sealer = try sealer(of: prepared, memory.message(parameters.messagePage))
        let name = list(place.paths.map { "\($0)" })
        let system = "the memory of Linux \(prepared.machine.system.kernelRelease)"
        report.note("\(isTest ? "trying to save" : "saving") \(system) to \(name)")
        do {
            let pages = pages(of: memory, prepared, orders)
            times.end("free pages")
            let release = try machine.kernel().release
            let image = try WriteImage(
                prepared, area, memory, saving: pages,
                level: parameters.compressionLevel, mayStoreRaw: parameters.mayStoreRaw,
                sealer: sealer, checks: isTest,
                // Last, for a device may come late.
                seeing: { [machine, report] records in
                    records.seen(on: machine, report) { try? SaveWord.stillSaving.say(on: machine) }
                },
                saying: { [times] in
                    var times = times
                    times.end("data")
                    return ["Linux \(release), \(times.partsSinceBoot)"]
                },
                note: report.note,
                partDone: { [machine] in try? SaveWord.stillSaving.say(on: machine) },
                mayBecomeImage: { [machine] in Self.waitForAnswer(machine) })
            let start = machine.uptime()
            let header = try image.write(jumpBackEntry: orders.jumpBackEntry)
            if isTest {
                let result = TestResult(
                    startTime: started / 1_000_000,
                    saveTime: (machine.uptime() - start) / 1_000_000,
                    memorySize: header.dataPages * UInt64(PageFrame.size),
                    imageSize: header.imageSize, device: name)
                return try SaveWord.tested(result).say(on: machine)
            }
            report.note("saved \(image.summary)")
            if parameters.isHybrid {
                // Who could not go back had better come back by the image.
                if machine.isKexecLoaded { return try sleep(area, prepared) }
                report.warn("there is no way back from a sleep: switching off")
            }
            try machine.powerOff()
            throw SaveError.stillRunning
        } catch {
            // A is about to go on: what was written must not pass for an image.
            _ = try? area.invalidate(prepared)
            throw error
        }
    }

    /// Nothing of A has run since the image was written, nor does it before the image is dropped: so there is
    /// never an image beside a machine that has gone on.
    private func sleep(_ area: ImageArea, _ prepared: PreparedImage) throws {
        report.note("suspending to memory")
        let before = machine.deviceRefusals()
        do throws(PlatformError) { try machine.suspendToMemory() } catch {
            let after = machine.deviceRefusals()
            throw SaveError.notSuspended(
                error.number ?? .ioError, device: before?.count == after?.count ? nil : after?.last)
        }
        try area.invalidate(prepared)
        try SaveWord.awake.say(on: machine)
    }

    /// What encrypts the image; nil for a plain one. Which it is to be, A says in its memory: who could
    /// write to the device would else have it saved in clear, or for himself.
    private func sealer(
        of prepared: PreparedImage, _ message: MessagePage?
    ) throws -> ImageSealer? {
        let orders = try message?.sealOrders()
        guard prepared.header.isSealed == (orders != nil) else {
            throw SaveError.otherSeal(isSealed: prepared.header.isSealed)
        }
        guard let orders else { return nil }
        machine.forbidCoreDumps()
        return try ImageSealer(orders, id: prepared.header.id)
    }

    /// Where nobody is left to answer, nobody goes back either.
    private static func waitForAnswer(_ machine: any Machine) {
        do { try SaveWord.mayBecomeImage.say(on: machine) } catch { return }
        _ = try? machine.hearStarter()
    }

    /// For a test: what A has kept in its memory, in place of the device.
    private func keptImage(
        in memory: SavedMemory, _ parameters: SaverParameters, areaSize: UInt64
    ) throws -> PreparedImage {
        let frames = memory.message(parameters.messagePage)?.preparedImage ?? []
        let pages = frames.compactMap { memory.bytes(at: $0.address, count: PageFrame.size) }
        guard !frames.isEmpty, pages.count == frames.count else { throw SaveError.noPreparedImage }
        let bytes = Array(pages.joined())
        return try PreparedImage(reading: parameters.image, areaSize: areaSize) {
            (offset, count) throws(PlatformError) in
            let start = Int(min(offset, UInt64(bytes.count)))
            return Array(bytes[start...].prefix(count))
        }
    }
}
