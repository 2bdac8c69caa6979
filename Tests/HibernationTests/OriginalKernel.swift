// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import Checksum
import Foundation
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import SwapArea
import SystemPackage
import TestSupport

/// A small machine that has jumped into its saver kernel, which lives in some of its memory.
struct OriginalKernel {
    static let saverRegion = FrameRange.tested(0x800, 0x900)
    static let saverLowMemory = FrameRange.tested(0x10, 0x20)
    static let messageFrame = PageFrame(0x120)
    static let jumpBackEntry = PhysicalAddress(0x70_0040)
    static let id = ImageID("000102030405060708090a0b0c0d0e0f")!

    /// What is in its memory, by frame; what is not in here is zero.
    let pages: [UInt64: [UInt8]]

    private init() {
        var random = SystemRandomNumberGenerator()
        var pages: [UInt64: [UInt8]] = [:]
        // What cannot be packed, and what can.
        for frame in Array(0x100..<0x110) + Array(0x500..<0x508) + Array(0xd00..<0xd10) {
            var page = [UInt8](repeating: 0, count: 4096)
            page.withUnsafeMutableBytes { bytes in
                for offset in stride(from: 0, to: 4096, by: 8) {
                    bytes.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
                }
            }
            pages[UInt64(frame)] = page
        }
        for frame in 0x200..<0x320 as Range<UInt64> {
            var page = [UInt8](repeating: UInt8(truncatingIfNeeded: frame), count: 4096)
            page.store(frame, at: 0)
            pages[frame] = page
        }
        pages[0x321] = Self.btrfsSuperblock
        pages[0x700] = [UInt8](repeating: 0x90, count: 4096)
        var kept: [PageFrame] = []
        for (index, page) in Self.keptPages.enumerated() {
            kept.append(PageFrame(0xe00 + 2 * UInt64(index)))
            pages[0xe00 + 2 * UInt64(index)] = page
        }
        pages[Self.messageFrame.rawValue] = MessagePage(swapList: nil, preparedImage: kept).bytes
        self.pages = pages
    }

    static let shared = OriginalKernel()

    /// `super_copy` of a btrfs that it has mounted.
    static let btrfsSuperblock = btrfs(generation: 9)

    /// As little as has a state: of which there is one device.
    static func btrfs(generation: UInt64) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        bytes.store([UInt8](repeating: 5, count: 16), at: 32)
        bytes.store(UInt64(65536), at: 48)
        bytes.store("_BHRfS_M".utf8, at: 64)
        bytes.store(generation, at: 72)
        return bytes
    }

    /// ``vmcore()`` of it, in a file.
    static let vmcoreFile = Result {
        try ScriptedDevice(shared.vmcore(), number: DeviceNumber(major: 0, minor: 1))
    }

    static let dsdt = ACPITable(name: "DSDT", bytes: Array("DSDT and what is in it".utf8))
    static let dsdtDigest = String(XXH64.hash(dsdt.bytes), radix: 16)

    static let ram = MemoryMap.tested.ram
    static var saverMemory: FrameSet { FrameSet([saverRegion, saverLowMemory]) }

    static let record = MachineRecord(
        system: SystemDescription(
            kernelRelease: "6.12.1-test", kernelVersion: "#1 SMP", machine: "x86_64",
            hostName: "tester"),
        memoryMap: .tested, invariants: Invariants([.init("pci", "0000:00:01.0 1af4:1001")]),
        jump: JumpRecord(
            jumpBackEntry: nil, saverRegion: saverRegion, saverLowMemory: saverLowMemory,
            messagePage: messageFrame.address, pagingDepth: .four))

    /// A swap area that has been prepared for the image.
    ///
    /// - Parameter map: with ACPI's tables where ``MemoryMap/tested`` has RAM; nil: that one.
    static func preparedSwap(
        pages: Int = 1024, saverRegion: FrameRange = saverRegion, map: MemoryMap? = nil,
        fileSystems: [FileSystemRecord] = []
    ) throws -> [UInt8] {
        var bytes = emptySwap(pages: pages)
        bytes.store(try prepared(bytes, saverRegion, map, fileSystems).firstPages, at: 0)
        return bytes
    }

    static func prepared(
        _ swap: [UInt8], _ saverRegion: FrameRange = saverRegion, _ map: MemoryMap? = nil,
        _ fileSystems: [FileSystemRecord] = [], isSealed: Bool = false, isRemembered: Bool = false,
        layout: AreaLayout? = nil
    ) throws -> PreparedImage {
        var record = record
        record.jump.saverRegion = saverRegion
        if let map {
            record.memoryMap = map
            record.invariants = Invariants(
                record.invariants.facts + [.init("acpi-table", "DSDT \(dsdtDigest)")])
        }
        if isRemembered {
            record.invariants = Invariants(record.invariants.facts + [.init("rollback", "efi")])
        }
        return try PreparedImage(
            id: id, creationTime: 1_799_999_000,
            signaturePage: SignaturePage(Array(swap[..<4096])), machine: record,
            fileSystems: fileSystems, acpiData: map != nil, isSealed: isSealed, layout: layout,
            areaSize: UInt64(swap.count))
    }

    /// What it keeps in its memory for a test.
    private static let keptPages: [[UInt8]] = {
        let bytes = (try? prepared(emptySwap()).firstPages) ?? []
        return stride(from: 0, to: bytes.count, by: 4096).map { Array(bytes[$0..<$0 + 4096]) }
    }()

    /// As /proc/vmcore shows it in the saver kernel.
    ///
    /// - Parameter message: what it has left in its message page; nil: as in ``pages``.
    func vmcore(
        without saverRegion: FrameRange = saverRegion, message: MessagePage? = nil
    ) -> [UInt8] {
        var pages = pages
        if let message { pages[Self.messageFrame.rawValue] = message.bytes }
        let shown = Self.ram.subtracting(FrameRange(PageFrame(0), count: 1))
            .subtracting(FrameSet([saverRegion, Self.saverLowMemory])).ranges
        var programs: [Program] = []
        var offset: UInt64 = 4096
        for range in shown {
            let size = range.physicalRange.size
            programs.append(
                Program(offset: offset, address: range.lower.address.rawValue, fileSize: size))
            offset += size
        }
        var file = [UInt8](repeating: 0, count: Int(offset))
        file.store(core(programs), at: 0)
        for (range, program) in zip(shown, programs) {
            for (frame, page) in pages where range.contains(PageFrame(frame)) {
                let skipped = (frame - range.lower.rawValue) * 4096
                file.store(page, at: Int(program.offset + skipped))
            }
        }
        return file
    }
}

/// A swap area of `pages` pages, as mkswap makes it.
func emptySwap(pages: Int = 1024) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: pages * 4096)
    bytes.store(UInt32(1), at: 1024)
    bytes.store(UInt32(pages - 1), at: 1028)
    bytes.store(Array(0x10..<0x20), at: 1036)
    bytes.store("SWAPSPACE2".utf8, at: 4086)
    return bytes
}

/// The UUID of an ``emptySwap(pages:)``, as libblkid writes it.
let swapUUID = "10111213-1415-1617-1819-1a1b1c1d1e1f"

let swapPath: FilePath = "/dev/sda2"
let swapNumber = DeviceNumber(major: 8, minor: 2)

/// What an image area holds.
func signature(_ bytes: [UInt8]) -> SignaturePage.Kind {
    SignaturePage(Array(bytes[..<4096])).kind
}

/// The state of the image in an area; nil where it is none.
func state(_ bytes: [UInt8]) -> ImageState? {
    try? StateRecord(parsing: Array(bytes[8192..<12288])).state
}

/// Whether there is something that passes for an image.
func isImage(_ bytes: [UInt8]) -> Bool {
    guard !bytes.isEmpty, signature(bytes) == .image, let state = state(bytes) else { return false }
    return state == .ready || state == .resuming
}
