// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Compression
import Explanation
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import Placement
import Restore
import SwsuspImage
import Transfer

/// An image of the kernel's own hibernation.
struct StockImage: ResumableImage {
    let image: SwsuspImage
    private let area: StockArea
    private let machine: any Machine

    /// Compares the machine before it reads more than three pages: how long the tables are, the
    /// image itself says, and only one that was made here is to be believed.
    ///
    /// - Parameter whenSized: told how many pages of data there are, before the tables are read.
    init(
        _ area: StockArea, on machine: any Machine, whenSized: (_ dataPages: UInt64) -> Void
    ) throws {
        guard let front = try area.front() else {
            throw ResumeError.imageVanished(area.device.path)
        }
        try Self.requireSameMachine(front, machine)
        whenSized(front.info.dataPages)
        self.area = area
        self.machine = machine
        image = try SwsuspImage.read(front, readExtents: area.readExtents)
    }

    private var dataSize: UInt64 { image.info.dataPages * UInt64(PageFrame.size) }

    var description: String {
        "an image of the kernel's own hibernation on \(area.device.path), \(mebibytes(dataSize)) "
            + "of memory, \(image.header.compression.word)"
    }

    /// Nothing is left to check. As for another try: whoever uses such an image puts the swap
    /// signature back first, so one that is there was not used.
    func check(retry: Bool) {}

    private static func requireSameMachine(_ front: SwsuspFront, _ machine: any Machine) throws {
        let record = front.info.restore
        guard record.architecture == .here else {
            throw RestoreError.otherArchitecture(record.architecture)
        }
        switch record {
        case .x86(let record): try requireSameMap(record, machine)
        case .arm64(let record): try requireSameKernel(record, machine)
        }
        try requireSameHardware(front, machine)
    }

    private static func requireSameMap(
        _ record: X86RestoreRecord, _ machine: any Machine
    ) throws {
        let here = try MachineFacts.firmwareMap(machine)
        if record.form(matching: here) == nil {
            throw ResumeError.otherMemoryMapChecksum(image: record.memoryMapChecksum, here: here)
        }
    }

    private static func requireSameHardware(_ front: SwsuspFront, _ machine: any Machine) throws {
        if let signature = front.header.hardwareSignature,
            let now = try machine.hardwareSignature(), now != signature
        {
            throw ResumeError.otherHardwareSignature(image: signature, here: now)
        }
    }

    /// For an image that was refused because of the memory map.
    struct Retries: MapRetryCounter {
        private let area: StockArea
        private let front: SwsuspFront

        /// Throws where that is not all that differs.
        init(_ area: StockArea, on machine: any Machine) throws {
            guard let front = try area.front() else {
                throw ResumeError.imageVanished(area.device.path)
            }
            try StockImage.requireSameHardware(front, machine)
            self.area = area
            self.front = front
        }

        var mapRetries: UInt32? { front.mapRetries }

        func setMapRetries(_ count: UInt32) throws {
            try area.write(front.page(withMapRetries: count))
        }
    }

    /// The kernel says nothing of them.
    var fileSystems: [FileSystemRecord] { [] }

    func destinations() throws -> DestinationMap {
        let runs = { (kind: PageRun.Kind) in
            image.runs.compactMap { $0.kind == kind ? $0.frames : nil }
        }
        let ram = try MachineFacts.firmwareMap(machine).ram
        // What the kernel left out of its image was free.
        return try DestinationMap(data: runs(.data), zero: runs(.zero), ram: ram, free: ram)
    }

    func tables() throws -> IdentityMap {
        image.info.restore.identityMap(of: try MachineFacts.firmwareMap(machine).ram)
    }

    func load(into places: PagePlaces, _ report: Report) throws {
        let progress = Progress("reading", total: dataSize, report.note)
        try ReadStockImage(image: image, area: area, progress: progress).load(into: places)
        report.note("read \(progress.summary)")
    }

    func changes(_ places: PagePlaces) throws -> [String] {
        try FileSystemSearch(machine).changes(
            sinceSaved: places, dataPages: Int(image.info.dataPages))
    }

    /// The last check of all that was loaded: the image's own page tables lead to the entry.
    func target(_ places: PagePlaces) throws -> JumpTarget {
        let target = try image.info.restore.target { frame in places.page(at: frame, image.runs) }
        if case .x86(let target) = target, target.pagingDepth == .five,
            !machine.hasFiveLevelPaging
        {
            throw ResumeError.noFiveLevelPaging
        }
        return target
    }

    func markUsed() throws {
        if case .arm64(let record) = image.info.restore {
            try machine.setRebootProcessor(Self.processor(of: record, machine))
        }
        try area.write(image.header.pageWithoutImage)
    }

    func unmark() throws { try area.write(image.header.page) }
}

extension SwsuspHeader.Compression {
    var word: String {
        switch self {
        case .none: "not compressed"
        case .lzo: "LZO"
        case .lz4: "LZ4"
        }
    }
}

extension PagePlaces {
    /// What was loaded for a frame; nil where the image has nothing for it.
    fileprivate func page(at frame: PageFrame, _ runs: [PageRun]) -> [UInt8]? {
        guard let run = runs.first(where: { $0.frames.contains(frame) }) else { return nil }
        // The kernel's own images know no other fill.
        if run.kind != .data { return [UInt8](repeating: 0, count: PageFrame.size) }
        guard let page = runs.dataPage(of: frame), let place = try? onePlace(of: page..<(page + 1))
        else { return nil }
        return Array(place)
    }
}
