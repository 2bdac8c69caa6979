// SPDX-License-Identifier: GPL-2.0-or-later

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
        let here = try MachineFacts.firmwareMap(machine)
        let restore = front.info.restore
        if restore.form(matching: here) == nil {
            throw ResumeError.otherMemoryMapChecksum(image: restore.memoryMapChecksum, here: here)
        }
        try requireSameHardware(front, machine)
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

    /// With the page of the image kernel's text in which it is entered, at its own address: the
    /// first instruction there loads the image's page tables.
    func tables() throws -> IdentityMap {
        var tables = IdentityMap(mapping: try MachineFacts.firmwareMap(machine).ram)
        let restore = image.info.restore
        tables.map(virtual: restore.jumpAddress, to: restore.physicalJumpAddress)
        return tables
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

    /// `restore_registers`, arch/x86/power/hibernate_asm_64.S, Linux 6.12: entered with its own
    /// address in r8 and the image's CR3 in r9.
    func target(_ places: PagePlaces) throws -> JumpTarget {
        let restore = image.info.restore
        // The last check of all that was loaded: the image's own page tables lead to the entry.
        let depth = try restore.pagingDepth { frame in places.page(at: frame, image.runs) }
        if depth == .five, !machine.hasFiveLevelPaging { throw ResumeError.noFiveLevelPaging }
        return JumpTarget(
            entry: restore.jumpAddress, pagingDepth: depth, r8: restore.jumpAddress,
            r9: restore.cr3.rawValue)
    }

    func markUsed() throws { try area.write(image.header.pageWithoutImage) }

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
