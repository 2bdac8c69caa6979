// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import Placement

/// `kresume resume`, in the restore kernel: find, check, place, load, jump.
public struct Resume {
    /// Nil: whichever the kernel command line names, else the only one there is.
    public var location: ImageLocation?
    /// Everything up to the load, then print the plan.
    public var dryRun = false
    /// Take an image that was tried before.
    public var retry = false
    /// The hand-off writes a letter to this I/O port at each stage; 0: none.
    public var debugPort: UInt16 = 0
    private let report: Report

    public enum Outcome {
        case noImage
        /// A dry run's.
        case plan(String)
    }

    public init(_ report: Report) { self.report = report }

    /// Returns only where there was nothing to resume, and from a dry run. After an error the
    /// image is as it was.
    public func run() throws -> Outcome {
        guard let found = try FindImage(named: location, report: report).find() else {
            return .noImage
        }
        if case .damaged(let error) = found.kind { throw error }
        try Permission.requireRoot()
        try Permission.requireKexec(.longMode)

        let area = try ImageArea(
            open: found.path, offset: found.offset, dryRun ? .read : .exclusive)
        guard let image = try HibernationImage.read(areaSize: area.size, readAt: area.readAt)
        else { return .noImage }
        try CheckImage(image: image, area: area).check(retry: retry || dryRun)
        let size = mebibytes(image.header.dataPages * UInt64(PageFrame.size))
        report.note(
            "found an image of Linux \(image.machine.system.kernelRelease) on "
                + "\(found.path), \(size) of memory")

        // If memory runs out, this process is the one to go: the boot then continues without it.
        try OutOfMemoryScore.setAdjustment(1000)
        let engine = try prepareEngine(for: image)
        if dryRun { return .plan(ResumePlan(image: image, engine: engine).description) }

        let progress = Progress(
            "reading", total: image.header.dataPages * UInt64(PageFrame.size), report)
        let places = engine.places
        try ReadChunks(image: image, area: area, progress: progress).forEach { firstPage, pages in
            places.store(pages, firstPage: firstPage)
        }
        report.note("read \(progress.summary); going back")
        try leaveWord(for: image, in: places)

        try jump(into: image, area, engine)
    }

    private func prepareEngine(for image: HibernationImage) throws -> RestoreEngine {
        let runs = { (kind: PageRun.Kind) in
            image.runs.filter { $0.kind == kind }.map(\.frames)
        }
        let ram = image.machine.memoryMap.ram
        let demand = try Demand(
            data: runs(.data), zero: runs(.zero), ram: ram, free: image.machine.jump.saverMemory)
        return try RestoreEngine(
            demand, tables: IdentityMap(mapping: ram), handoffLimit: .belowFourGiB)
    }

    /// A reads in its own memory that it was resumed.
    private func leaveWord(for image: HibernationImage, in places: PagePlaces) throws {
        guard let frame = image.machine.jump.messagePage?.frame else { return }
        guard let page = image.dataPage(of: frame) else { throw ResumeError.noMessagePage }
        let release = try KernelInfo.running().release
        MessagePage(.resumed, release).bytes.withUnsafeBytes {
            places.store($0, firstPage: page)
        }
    }

    /// Marks the image and jumps. If the jump does not happen, takes the mark back.
    private func jump(
        into image: HibernationImage, _ area: ImageArea, _ engine: RestoreEngine
    ) throws -> Never {
        guard let entry = image.machine.jump.jumpBackEntry else {
            throw ImageError.wrongState(found: .prepared)
        }
        let target = JumpTarget(
            entry: entry.rawValue, pagingLevels: Int(image.machine.jump.pagingLevels))
        var record = StateRecord(id: image.header.id, state: .resuming)
        do {
            try engine.jump(to: target, debugPort: debugPort) {
                try area.commit([record.write])
            }
        } catch {
            record.state = image.state
            try area.commit([record.write])
            throw error
        }
    }
}

extension PageFrame {
    /// The hand-off changes the paging depth in 32-bit mode.
    static let belowFourGiB = PageFrame(1 << 20)
}

extension HibernationImage {
    /// Where in the data stream the contents of `frame` are; nil where it has none.
    func dataPage(of frame: PageFrame) -> Int? {
        var page = 0
        for run in runs where run.kind == .data {
            if run.frames.contains(frame) {
                return page + Int(frame.rawValue - run.first.rawValue)
            }
            page += Int(run.count)
        }
        return nil
    }
}
