// SPDX-License-Identifier: GPL-2.0-or-later

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
    /// Nil: whichever the kernel command line names, else the only one there is.
    package var location: ImageLocation?
    /// Where to look if neither `location` nor the kernel command line says.
    package var configured: ConfiguredLocation?
    /// Where to look if nothing of this says: what the initramfs was made for.
    package var fallback: DeviceSpecification?
    /// How long to wait for the device, in seconds. Nil: what `kresume.wait=` of the kernel command
    /// line says, else `configuredWait`, else 30; a device named by hand is not waited for.
    package var wait: UInt64?
    package var configuredWait: UInt64?
    /// Everything up to the load, then print the plan.
    package var dryRun = false
    /// Take an image that was tried before.
    package var retry = false
    /// The hand-off writes a letter to this I/O port at each stage; 0: none.
    package var debugPort: UInt16 = 0
    private let report: Report

    package enum Outcome {
        case noImage
        /// A dry run's.
        case plan(String)
    }

    package init(_ report: Report) { self.report = report }

    /// Returns only where there was nothing to resume, and from a dry run. After an error the
    /// image is as it was.
    package func run() throws -> Outcome {
        try Permission.requireRoot()
        guard let found = try findImage.find() else {
            return .noImage
        }
        do {
            return try run(found)
        } catch {
            guard case .stock = found.kind else { throw error }
            throw withAdvice(error, on: found)
        }
    }

    private func run(_ found: FoundImage) throws -> Outcome {
        try Permission.requireKexec(.longMode)
        if !dryRun { try requireNothingMounted() }

        // If memory runs out, this process is the one to go: the boot then continues without it.
        try OutOfMemoryScore.setAdjustment(1000)
        var times = PhaseTimes()
        // What takes long goes on side by side: memory is pinned while the tables are read, and
        // what is already known to be in place is loaded while more is pinned.
        // If the memory is too little, that is said only of an image that is good.
        var memory: Result<ImageMemory, any Error>?
        let image = try open(found) { dataPages in
            memory = Result { try Self.memory(dataPages) }
        }
        try image.check(retry: retry || dryRun)
        report.note("found \(image.description)")
        times.end("tables")

        let places = PagePlaces()
        let planning = try plan(for: image, with: memory, places)
        if dryRun { return .plan(ResumePlan(try planning.value()).description) }
        let loading = Future { [report] in try image.load(into: places, report) }
        let engine = try planning.value()
        if let reason = engine.pinFailure {
            report.detail("memory is not pinned: \(explanation(of: reason))")
        }
        times.end("memory")
        try loading.value()
        times.end("pages")
        try go(back: image, found, engine, &times)
    }

    private static func memory(_ dataPages: UInt64) throws -> ImageMemory {
        try ImageMemory(pages: dataPages, reserve: RestoreKernel.reserve(forLoading: dataPages))
    }

    private func plan(
        for image: any ResumableImage, with memory: Result<ImageMemory, any Error>?,
        _ places: PagePlaces
    ) throws -> Future<RestoreEngine> {
        let destinations = try image.destinations()
        let tables = try image.tables()
        return Future {
            do {
                // Now it is known how long the planner's lists will be.
                let lists = UInt64(destinations.runCount) * 128
                return try RestoreEngine(
                    destinations, tables: tables,
                    memory: memory?.get() ?? Self.memory(destinations.dataPageCount),
                    reserve: RestoreKernel.reserve + lists, places: places)
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
        let access: BlockDevice.Access = dryRun ? .read : .exclusive
        switch found.kind {
        case .kresume:
            return try KexecJumpImage(
                ImageArea(open: found.path, offset: found.offset, access), whenSized: whenSized)
        case .stock:
            return try StockImage(
                StockArea(open: found.path, offset: found.offset, access), whenSized: whenSized)
        case .damaged(let error): throw error
        case .uswsusp, .tuxOnIce: throw ResumeError.foreignImage(found)
        }
    }

    /// The image is as it was, so the kernel that runs here may yet do by itself what we could
    /// not: unless the image is damaged or of another machine.
    private func withAdvice(_ error: any Error, on found: FoundImage) -> any Error {
        switch error {
        case is SwsuspError, SwsuspReadError<PlatformError>.image,
            ResumeError.otherMemoryMapChecksum, ResumeError.otherHardwareSignature:
            return error
        default: break
        }
        guard SystemFile.exists("/sys/power/resume"),
            let device = try? BlockDevice(open: found.path, .read), let number = device.number
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
            wait: wait, configuredWait: configuredWait, report: report)
    }

    private func go(
        back image: some ResumableImage, _ found: FoundImage, _ engine: RestoreEngine,
        _ times: inout PhaseTimes
    ) throws -> Never {
        let variable = LocationVariable(report: report)
        let isNamed = variable.names(found.path, offset: found.offset)
        try engine.load(image.target(engine.places), debugPort: debugPort)
        times.end("hand-off")
        report.note("going back")
        var isMarked = false
        do {
            try engine.jump {
                isMarked = true
                try image.markUsed()
                if isNamed { variable.clear() }
                times.end("mark")
                report.detail("\(times)")
            }
        } catch {
            let reason = error
            _ = try? Kexec.unload()
            if isMarked { unmark(image) }
            throw reason
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
        let mounted = try Mounts.current().filter {
            $0.hasDevice && !($0.isReadOnly && withoutJournal.contains($0.fileSystem))
        }
        if !mounted.isEmpty { throw ResumeError.fileSystemsMounted(mounted) }
        let swap = try Swaps.active().first { !$0.path.string.hasPrefix("/dev/zram") }
        if let swap { throw ResumeError.swapActive(swap.path) }
    }
}
