// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Explanation
import Fingerprint
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import Placement
import Restore
import SaverPlan
import Sealing
import Transfer

/// An image of our own, written by a saver kernel.
struct KexecJumpImage: ResumableImage {
    private let image: HibernationImage
    private let area: ImageArea
    private let machine: any Machine
    /// Of a sealed image.
    private let key: AwaitedKey?

    /// - Parameter whenSized: told how many pages of data there are, and in how many runs, before
    ///   the tables are read.
    init(
        _ area: ImageArea, on machine: any Machine,
        whenSized: (_ dataPages: UInt64, _ runs: UInt64) -> Void
    ) throws {
        guard let front = try ImageFront.read(areaSize: area.size, readAt: area.readAt)
        else { throw ResumeError.imageVanished(area.device.path) }
        if front.state == .ready { whenSized(front.header.dataPages, front.header.runCount) }
        image = try HibernationImage.read(front, areaSize: area.size, readAt: area.readAt)
        // A device that does not say the same twice is not to be trusted.
        guard image.layout == area.layout else { throw ImageError.layout }
        key = image.header.isSealed ? AwaitedKey() : nil
        self.area = area
        self.machine = machine
    }

    var fileSystems: [FileSystemRecord] { image.fileSystems }

    var isSealed: Bool { image.header.isSealed }

    func unlock(_ key: OpeningKey) throws {
        if let opener = try image.open(with: key) { self.key?.set(.success(opener)) }
    }

    func isNewest(_ newest: NewestImage) -> Bool {
        !isSealed || newest.admits(image.header.id, saying: image.machine.invariants.facts)
    }

    func giveUp(_ error: any Error) { key?.set(.failure(error)) }

    private var dataSize: UInt64 { image.header.dataPages * UInt64(PageFrame.size) }

    var description: String {
        "an image of Linux \(image.machine.system.kernelRelease) on \(area.device.path), "
            + "\(mebibytes(dataSize)) of memory"
    }

    func check(retry: Bool) throws {
        // There are no others: A has left by a kexec jump.
        guard Architecture.here == .x86 else { throw RestoreError.otherArchitecture(.x86) }
        if image.state == .resuming && !retry {
            throw ResumeError.alreadyTried(area.device.path)
        }
        let map = image.machine.memoryMap
        let slid = try hasSlid
        if !slid { try MachineFacts.requireSameMap(as: map, machine) }
        let differences = try differences()
        if !differences.isEmpty { throw ResumeError.otherMachine(differences) }
        try requirePagingDepth()
        let tables = slid ? try changedTables() : []
        if !tables.isEmpty {
            let (here, there) = map.difference(from: try MachineFacts.firmwareMap(machine))
            throw ResumeError.otherACPITables(tables, image: here, here: there)
        }
    }

    /// Whether ACPI's tables lie elsewhere than in A, and nothing else does; and come back with the
    /// image.
    private var hasSlid: Bool {
        get throws {
            let here = try MachineFacts.firmwareMap(machine)
            return image.header.hasACPIData
                && image.machine.memoryMap.differsOnlyByACPIData(from: here)
        }
    }

    private func differences() throws -> [KresumeImage.Invariants.Difference] {
        let facts = image.machine.invariants.facts.filter {
            ![ACPIData.tableCategory, NewestImage.fact.category].contains($0.category)
        }
        return KresumeImage.Invariants(facts).differences(
            from: try MachineFacts.invariants(machine))
    }

    /// The lines of those that are not A's.
    private func changedTables() throws -> [String] {
        let facts = image.machine.invariants.facts.filter {
            $0.category == ACPIData.tableCategory
        }
        return KresumeImage.Invariants(facts).differences(
            from: KresumeImage.Invariants(try ACPIData.tableFacts(machine))
        )
        .flatMap { $0.onlyInImage + $0.onlyHere }
    }

    private func requirePagingDepth() throws {
        if image.machine.jump.pagingDepth == .five, !machine.hasFiveLevelPaging {
            throw ResumeError.noFiveLevelPaging
        }
    }

    func destinations() throws -> DestinationMap {
        let runs = { (kind: PageRun.Kind) in
            image.runs.compactMap { $0.kind == kind ? $0.frames : nil }
        }
        return try DestinationMap(
            data: runs(.data), zero: runs(.zero), poison: runs(.poison),
            // Where only ACPI's tables have slid, RAM and they together are the same here.
            ram: image.memory,
            // A swaps its own memory back into where the saver was.
            free: image.machine.jump.saverMemory
                .intersection(try MachineFacts.firmwareMap(machine).ram))
    }

    func tables() -> IdentityMap { IdentityMap(mapping: image.memory) }

    func load(into places: PagePlaces, _ report: Report) throws {
        if try hasSlid {
            report.note("ACPI's tables lie elsewhere in this boot: they come back with the image")
        }
        let progress = Progress("reading", total: dataSize) { [key] line in
            // Where a passphrase is typed, nothing else is to be shown.
            if key == nil || (try? key?.now()) != nil { report.note(line) }
        }
        // Nothing of it is to be left when another kernel runs.
        defer { key?.forget() }
        try ReadChunks(image: image, area: area, progress: progress, key: key).load(into: places)
        report.note("read \(progress.summary)")
    }

    /// Of what the saver kernel has not seen, the image knows little; A's superblocks know more.
    func changes(_ places: PagePlaces) throws -> [String] {
        let unseen = fileSystems.filter { $0.isAsMounted && !$0.onlyWarns }.map(\.state.identity)
        if unseen.isEmpty { return [] }
        return try FileSystemSearch(machine).changes(
            sinceSaved: places, dataPages: Int(image.header.dataPages), of: Set(unseen))
    }

    /// The jump-back entry.
    func target(_ places: PagePlaces) throws -> JumpTarget {
        guard let entry = image.machine.jump.jumpBackEntry else {
            throw ImageError.wrongState(found: .prepared)
        }
        _ = try messagePage
        return .x86(
            X86JumpTarget(entry: entry.rawValue, pagingDepth: image.machine.jump.pagingDepth))
    }

    /// Of the data; nil where A has none.
    private var messagePage: Int? {
        get throws {
            guard let frame = image.machine.jump.messagePage?.frame else { return nil }
            guard let page = image.runs.dataPage(of: frame) else { throw ResumeError.noMessagePage }
            return page
        }
    }

    /// A reads in its own memory that it was resumed.
    func leaveWord(_ places: PagePlaces, times: String, said: [String]) throws {
        guard let page = try messagePage else { return }
        var word = ReturnReport(release: try machine.kernel().release)
        word.memorySize = dataSize
        word.imageSize = image.header.imageSize
        word.saver = image.report
        word.times = times
        word.lines = said
        let seed = (try? machine.randomBytes(MessagePage.seedSize)) ?? []
        try MessagePage(.resumed, "\(word)", seed: seed).bytes.withUnsafeBytes {
            try places.store($0, firstPage: page)
        }
    }

    func markUsed() throws { try write(.resuming) }

    func unmark() throws { try write(image.state) }

    private func write(_ state: ImageState) throws {
        try write(state, mapRetries: image.mapRetries)
    }

    private func write(_ state: ImageState, mapRetries: UInt32) throws {
        let record = StateRecord(id: image.header.id, state: state, mapRetries: mapRetries)
        try area.commit([record.write])
    }
}

extension KexecJumpImage: MapRetryCounter {
    var mapRetries: UInt32? { image.mapRetries }

    func setMapRetries(_ count: UInt32) throws { try write(image.state, mapRetries: count) }

    /// Whether the machine is A's but for its memory map.
    var differsOnlyByMap: Bool {
        get throws {
            try requirePagingDepth()
            return try differences().isEmpty
        }
    }
}
