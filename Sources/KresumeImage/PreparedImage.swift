// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import SwapArea

/// An image that the original kernel has begun and the saver kernel completes.
package struct PreparedImage: Hashable, Sendable {
    /// Page 0 of the area, its signature still the original one.
    package let signaturePage: SignaturePage
    package let header: ImageHeader
    package let machine: MachineRecord
    /// As the original kernel saw them; the saver kernel puts in what it sees itself.
    package var fileSystems: [FileSystemRecord]
    /// What the saver kernel has to say of its work: lines for people.
    package var report: [String] = []
    /// Where the area is on its device; nil: in consecutive bytes.
    package let layout: AreaLayout?
    /// What the original kernel is to write, in any order, before it jumps: its sections, the
    /// header, and the state *prepared*. Empty in an image that was read.
    package let writes: [ImageWrite]

    /// Begins an image. `signaturePage` is page 0 of the area as it is; an image of ours in it
    /// must be discarded first. `creationTime` is in seconds since 1970-01-01 00:00 UTC. With
    /// `acpiData`, the saver kernel is to save what is beside ACPI's tables, too; with `isSealed`, it
    /// is to encrypt.
    package init(
        id: ImageID, creationTime: UInt64, signaturePage: SignaturePage, machine: MachineRecord,
        fileSystems: [FileSystemRecord] = [], compression: ChunkCompression = .lz4,
        acpiData: Bool = false, isSealed: Bool = false, layout: AreaLayout? = nil, areaSize: UInt64
    ) throws(ImageError) {
        guard signaturePage.kind != .image else { throw .wrongState(found: .ready) }
        guard signaturePage.badPages == 0 else { throw .badPages(signaturePage.badPages) }
        try machine.validate()
        var header = ImageHeader(
            id: id, creationTime: creationTime, originalSignature: signaturePage.signature,
            compression: compression)
        header.hasACPIData = acpiData
        header.isSealed = isSealed
        header.hasLayout = layout != nil
        header.isOnSeveralDevices = layout.map { $0.deviceCount > 1 } ?? false
        var writes: [ImageWrite] = []
        // First: it must be found where everything else is.
        if let layout { writes.append(try header.append(layout)) }
        writes += [
            try header.append(.system, machine.system.serialised()),
            try header.append(.memoryMap, machine.memoryMap.serialised()),
            try header.append(.invariants, machine.invariants.serialised()),
            try header.append(.jump, machine.jump.serialised()),
        ]
        if !fileSystems.isEmpty {
            writes.append(try header.append(.fileSystems, fileSystems.serialised()))
        }
        try header.checkLayout(
            areaSize: signaturePage.usableSize(
                of: areaSize, original: header.originalSignature))
        writes.append(try header.write())
        writes.append(StateRecord(id: id, state: .prepared).write)
        self.signaturePage = signaturePage
        self.header = header
        self.machine = machine
        self.fileSystems = fileSystems
        self.layout = layout
        self.writes = writes
    }

    /// Reads the image that `id` names; for the parameters see
    /// ``ImageFront/read(areaSize:readAt:)``.
    package init<E>(
        reading id: ImageID, areaSize: UInt64,
        readAt: (_ offset: UInt64, _ count: Int) throws(E) -> [UInt8]
    ) throws(ImageReadError<E>) {
        let page = try readPages(at: 0, size: ImageFormat.pageSize, readAt)
        signaturePage = SignaturePage(page)
        let front = try ImageFront(signaturePage, areaSize: areaSize, readAt: readAt)
        let sections = try StoredSections(of: front.header, readAt: readAt)
        var header = front.header
        sections.takeDigests(into: &header)
        self.header = header
        writes = []
        do throws(ImageError) {
            try front.checkIsPrepared(as: id)
            machine = try MachineRecord(sections)
            fileSystems = try sections.parseFileSystems()
            layout = try sections.parseLayout(of: header)
            try machine.validate()
        } catch { throw .image(error) }
    }

    /// The area's first pages as they are when ``writes`` are written.
    package var firstPages: [UInt8] {
        var bytes = signaturePage.bytes
        for write in writes {
            let end = Int(write.offset) + write.bytes.count
            bytes += [UInt8](repeating: 0, count: max(0, end - bytes.count))
            bytes.store(write.bytes, at: Int(write.offset))
        }
        return bytes
    }

    /// What is to be saved, if all of it is in use; the saver's own memory included.
    package var memory: FrameSet { machine.memory(withACPIData: header.hasACPIData) }

    /// Where chunks may be stored, in bytes from the beginning of the area; a multiple of 4096.
    package var firstFreeOffset: UInt64 { header.imageSize }
}

extension ImageFront {
    fileprivate func checkIsPrepared(as id: ImageID) throws(ImageError) {
        guard header.id == id else { throw .unexpectedID(expected: id, found: header.id) }
        guard state == .prepared else { throw .wrongState(found: state) }
        guard signaturePage.signature == header.originalSignature else {
            throw .signatureChanged(
                expected: header.originalSignature, found: signaturePage.signature)
        }
        for section in header.sections
        where [.runs, .chunks, .seal].contains(section.kind) {
            throw .unexpectedSection(section.kind)
        }
        try header.checkOverlap()
    }
}
