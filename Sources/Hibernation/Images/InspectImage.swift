// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Explanation
import Fingerprint
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import Sealing
import SwapArea
import SwsuspImage
import Transfer

/// `kresume inspect`: all that an image says of itself.
package struct InspectImage {
    private let machine: any Machine
    private let report: Report

    package init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    /// Nil where there is no image.
    package func run(_ location: ImageLocation) throws -> Inspection? {
        let place = try location.resolve(on: machine)
        guard
            let found = try FoundImage.find(
                at: place.path, offset: place.offset, on: machine, report)
        else {
            return nil
        }
        let (path, offset) = (found.path, found.offset)
        switch found.kind {
        case .kresume:
            let area = try ImageArea(open: path, offset: offset, .read, on: machine)
            let image = try HibernationImage.read(areaSize: area.size, readAt: area.readAt)
            return image.map { Inspection(of: $0, on: area, machine) }
        case .stock(let front):
            let area = try StockArea(open: path, offset: offset, .read, on: machine)
            return try Inspection(
                of: SwsuspImage.read(front, readAt: area.readAt), on: area, offset: offset, machine)
        case .damaged(let error), .unreadable(let error): throw error
        case .uswsusp, .tuxOnIce: throw ResumeError.foreignImage(found)
        }
    }
}

extension Inspection {
    fileprivate init(
        of image: HibernationImage, on area: ImageArea, _ machine: any Machine
    ) {
        let storedData = image.chunks.reduce(UInt64(0)) { $0 + UInt64($1.size) }
        let jump = image.machine.jump
        let verdict = FileSystemCheck(image.fileSystems, on: machine).verdict()
        self.init([
            ("device", .text("\(area.device.path)")),
            ("other_devices", .list(area.devices.dropFirst().map { "\($0.path)" })),
            ("offset", .number(area.offset)),
            ("kind", .text("kresume")),
            ("version", .number(1)),
            ("id", .text("\(image.header.id)")),
            ("state", .text(image.state.word)),
            ("encrypted", .text(image.seal?.cipher.name ?? "no")),
            ("sealed_to", .text(image.seal.map { hexadecimalDigits($0.publicKey) } ?? "nobody")),
            ("created", .number(image.header.creationTime)),
            ("image_size", .number(image.header.imageSize)),
            ("area_size", .number(area.size)),
            ("area_pieces", .number(UInt64(area.layout?.runs.count ?? 1))),
            ("kernel_release", .text(image.machine.system.kernelRelease)),
            ("kernel_version", .text(image.machine.system.kernelVersion)),
            ("machine", .text(image.machine.system.machine)),
            ("host_name", .text(image.machine.system.hostName)),
            ("data_pages", .number(image.header.dataPages)),
            ("zero_pages", .number(image.header.zeroPages)),
            ("runs", .number(UInt64(image.runs.count))),
            ("chunks", .number(image.header.chunkCount)),
            ("stored_data_size", .number(storedData)),
            ("jump_back_entry", .text(jump.jumpBackEntry.map { "\($0)" } ?? "none")),
            ("paging_levels", .number(UInt64(jump.pagingDepth.rawValue))),
            ("saver_region", .text("\(jump.saverRegion)")),
            ("saver_low_memory", .text("\(jump.saverLowMemory)")),
            ("memory_map_matches", .text(matches(image.machine.memoryMap, machine))),
            ("memory_map", .list(image.machine.memoryMap.entries.map { "\($0)" })),
            (
                "invariants",
                .list(image.machine.invariants.facts.map { "\($0.category) \($0.value)" })
            ),
            ("saver", .list(image.report)),
            ("file_systems", .list(image.fileSystems.map(\.line))),
            ("file_systems_changed", .list(verdict.changes + verdict.warnings)),
        ])
    }

    fileprivate init(
        of image: SwsuspImage, on area: StockArea, offset: UInt64, _ machine: any Machine
    ) throws {
        let header = image.header
        let info = image.info
        let zeroPages = image.runs.reduce(UInt64(0)) {
            $0 + ($1.kind == .zero ? UInt64($1.count) : 0)
        }
        let pagingLevels = try Self.pagingLevels(of: image, on: area)
        self.init(
            [
                ("device", .text("\(area.device.path)")),
                ("offset", .number(offset)),
                ("kind", .text("swsusp")),
                ("mode", .text(header.flags.contains(.platformMode) ? "platform" : "shutdown")),
                ("compression", .text(header.compression.word)),
                (
                    "checksum",
                    .text(header.checksum.map(hexadecimal) ?? "none: the data is not protected")
                ),
                ("hardware_signature", .text(header.hardwareSignature.map(hexadecimal) ?? "none")),
                (
                    "original_signature",
                    .text(String(decoding: header.originalSignature.bytes, as: UTF8.self))
                ),
                ("memory_pages", .number(info.memoryPages)),
                ("data_pages", .number(info.dataPages)),
                ("zero_pages", .number(zeroPages)),
                ("runs", .number(UInt64(image.runs.count))),
                ("stored_pages", .number(image.map.pageCount)),
                ("paging_levels", pagingLevels),
                ("architecture", .text(info.restore.architecture.name)),
                ("jump_address", .text("0x" + String(info.restore.jumpAddress, radix: 16))),
                ("page_table_root", .text("\(info.restore.pageTableRoot)")),
            ] + Self.lines(of: info.restore, machine))
    }
}

extension Inspection {
    private static func lines(
        of record: RestoreRecord, _ machine: any Machine
    ) -> [(String, Value)] {
        switch record {
        case .x86(let record):
            [
                ("physical_jump_address", .text("\(record.physicalJumpAddress)")),
                ("memory_map_checksum", .text(hexadecimal(record.memoryMapChecksum))),
                ("memory_map_matches", .text(matches(record, machine))),
            ]
        case .arm64(let record):
            [
                ("kernel_version", .text(record.version)),
                (
                    "hypervisor_vectors",
                    .text(record.hypervisorVectors.map { "\($0)" } ?? "none")
                ),
                ("processor", .text("0x" + String(record.affinity, radix: 16))),
            ]
        }
    }
}

extension Inspection {
    /// The image does not say it, its page tables do. Where these are damaged the rest is still
    /// worth telling.
    private static func pagingLevels(of image: SwsuspImage, on area: StockArea) throws -> Value {
        do {
            return .number(UInt64(try image.pagingLevels(readAt: area.readAt)))
        } catch {
            guard case .image(let damage) = error else { throw error }
            return .text("unknown: \(damage.explanation)")
        }
    }
}

extension ChunkCipher {
    fileprivate var name: String {
        switch self {
        case .aes256GCM: "AES-256-GCM"
        case .xChaCha20Poly1305: "XChaCha20-Poly1305"
        }
    }
}

extension FileSystemRecord {
    /// All that is known of it.
    fileprivate var line: String {
        let how =
            [isReadWrite ? "read-write" : nil, onlyWarns ? "warns only" : nil]
            + [isAsMounted ? "not seen by the saver" : nil]
        return ([name] + how.compactMap { $0 } + [state.summary]).joined(separator: ", ")
    }
}

/// Whether the machine is the one that hibernated, as far as the firmware's map tells.
private func matches(_ map: MemoryMap, _ machine: any Machine) -> String {
    guard let here = try? MachineFacts.firmwareMap(machine) else { return "unknown" }
    return map.merged == here.merged ? "yes" : "no"
}

private func matches(_ restore: X86RestoreRecord, _ machine: any Machine) -> String {
    guard let here = try? MachineFacts.firmwareMap(machine) else { return "unknown" }
    return restore.form(matching: here) == nil ? "no" : "yes"
}

private func hexadecimal(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
