// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import Foundation
import MachineHarness
import TestSupport
import Testing

@testable import Fingerprint

private let uuid = "01234567-89ab-4def-8123-456789abcdef"

/// Against what the file systems' own tools make and say.
@Suite struct FileSystemStateTests {
    @Test(arguments: [
        ["mkfs.ext4", "-qF", "-b", "4096"],
        ["mkfs.ext4", "-qF", "-b", "1024"],
        ["mkfs.ext4", "-qF", "-b", "1024", "-C", "16384", "-O", "bigalloc"],
        ["mkfs.ext4", "-qF", "-O", "^64bit,meta_bg,^resize_inode"],
        // Its journal has a block map, no extents.
        ["mkfs.ext3", "-qF"],
    ])
    func ext(command: [String]) throws {
        let disk = try MadeDisk(64, command + ["-U", uuid])
        let state = try #require(disk.state(.ext))
        #expect(state.identity == bytes(ofUUID: uuid))
        #expect(state[.mountCount] == 0)
        #expect(state[.journalSequence] == 1 && state[.journal] != nil)

        try Host.run(["tune2fs", "-C", "41", "-T", "20260101120000", disk.path])
        let mounted = try #require(disk.state(.ext))
        #expect(mounted[.mountCount] == 41)
        #expect(calendarTime(try #require(mounted[.checkTime])).hasPrefix("2026-01-01"))
        let change = try #require(state.change(to: mounted))
        #expect(change.hasPrefix("was mounted 0 times, now 41; last on "), "\(change)")
        #expect(mounted.change(to: mounted) == nil)

        // What replays the journal writes to its superblock.
        let place = try #require(
            try disk.said(["debugfs", "-R", "blocks <8>"], of: #"(?m)^(\d+)"#).flatMap {
                UInt64($0)
            })
        let blockSize = UInt64(1024) << UInt64(disk.byte(at: 1024 + 0x18))
        try disk.write([9], at: place * blockSize + 0x1b)
        let replayed = try #require(disk.state(.ext))
        #expect(replayed[.journalSequence] == 9)
        #expect(
            mounted.change(to: replayed)
                == "had its journal at 1, now at 9, as after a mount only to read")
        // Seen while it is mounted, the journal says nothing.
        #expect(mounted.change(to: replayed, asMounted: true) == nil)
        #expect(state.change(to: replayed, asMounted: true) != nil)
    }

    @Test func extWithoutJournal() throws {
        let disk = try MadeDisk(16, ["mkfs.ext2", "-qF", "-U", uuid])
        let state = try #require(disk.state(.ext))
        #expect(state[.journal] == nil && state[.externalJournal] == nil)
        #expect(state.summary.hasSuffix("no journal"))
    }

    @Test func extWithExternalJournal() throws {
        let disk = try MadeDisk(16, ["mkfs.ext4", "-qF", "-U", uuid])
        try disk.write([0, 0, 0, 0], at: 1024 + 0xe0)
        let state = try #require(disk.state(.ext))
        #expect(state[.externalJournal] == 1 && state[.journal] == nil)
    }

    @Test func xfs() throws {
        let disk = try MadeDisk(320, ["mkfs.xfs", "-qf", "-m", "uuid=\(uuid)"])
        let state = try #require(disk.state(.xfs))
        #expect(state.identity == bytes(ofUUID: uuid))
        let head = try disk.said(["xfs_logprint", "-t"], of: #"head: (\d+)"#)
        #expect(state[.logBlock].map { "\($0)" } == head)
        #expect(state[.logCycle] == 1)

        // A record more, at the head: the log begins at `daddr`.
        let log = try #require(
            try disk.said(["xfs_logprint", "-t"], of: #"log device.*daddr: (\d+)"#)
                .flatMap { UInt64($0) })
        try disk.write([0xfe, 0xed, 0xba, 0xbe, 0, 0, 0, 1], at: (log + 2) * 512)
        try disk.write([0, 0, 0, 1], at: (log + 3) * 512)
        let later = try #require(disk.state(.xfs))
        #expect(state.change(to: later) == "had its log at 1, 2, now at 1, 4")

        try disk.change(at: 0x88)
        #expect(disk.state(.xfs).flatMap { later.change(to: $0) } == "has another superblock")
    }

    @Test func btrfs() throws {
        let disk = try MadeDisk(320, ["mkfs.btrfs", "-q", "-f", "-U", uuid])
        let state = try #require(disk.state(.btrfs))
        let dump = ["btrfs", "inspect-internal", "dump-super"]
        let device = try #require(try disk.said(dump, of: #"dev_item.uuid\s+(\S+)"#))
        #expect(state.identity == bytes(ofUUID: uuid) + bytes(ofUUID: device))
        let generation = try disk.said(dump, of: #"\ngeneration\s+(\d+)"#)
        #expect(state[.generation].map { "\($0)" } == generation)

        try disk.write([77, 0], at: 65536 + 72)
        let later = try #require(disk.state(.btrfs))
        #expect(state.change(to: later) == "had generation \(generation ?? ""), now 77")
        // Where the log's root is.
        try disk.change(at: 65536 + 96)
        #expect(disk.state(.btrfs).flatMap { later.change(to: $0) } == "has another superblock")
    }

    @Test func f2fs() throws {
        let disk = try MadeDisk(64, ["mkfs.f2fs", "-q", "-f", "-U", uuid])
        let state = try #require(disk.state(.f2fs))
        #expect(state.identity == bytes(ofUUID: uuid))
        let version = try disk.said(["dump.f2fs"], of: #"CKPT version = ([0-9a-f]+)"#)
        #expect(state[.checkpoint].map { String($0, radix: 16) } == version)

        // Segment 0 begins with the first checkpoint, segment 1 with the second.
        let first = UInt64(disk.byte(at: 1024 + 76)) | UInt64(disk.byte(at: 1024 + 77)) << 8
        try disk.write([0xff], at: (first + 512) * 4096 + 7)
        let later = try #require(disk.state(.f2fs))
        #expect(state.change(to: later)?.hasPrefix("had checkpoint ") == true)
        try disk.change(at: first * 4096 + 200)
        #expect(disk.state(.f2fs).flatMap { later.change(to: $0) } == "has another superblock")
    }

    @Test(arguments: [(12, UInt64(4)), (16, 32), (32, 320)])
    func fat(bits: Int, size: UInt64) throws {
        let disk = try MadeDisk(
            size, ["mkfs.vfat", "-F", "\(bits)", "-i", "1234abcd", "-n", "KEPT"])
        let state = try #require(disk.state(.fat))
        #expect(state.identity.starts(with: [0xcd, 0xab, 0x34, 0x12] + Array("KEPT  ".utf8)))

        // The bit for dirty.
        try disk.write([disk.byte(at: bits == 32 ? 65 : 37) | 1], at: bits == 32 ? 65 : 37)
        #expect(disk.state(.fat).flatMap { state.change(to: $0) } == nil)
        let reserved = UInt64(disk.byte(at: 14)) | UInt64(disk.byte(at: 15)) << 8
        try disk.change(at: reserved * 512 + 20)
        let filled = try #require(disk.state(.fat))
        #expect(state.change(to: filled) == "has other clusters in use")
        // The root directory begins with the label.
        let place = try #require(
            (0..<disk.size / 512).map { $0 * 512 }.first {
                disk.readAt($0, 11)?.elementsEqual("KEPT       ".utf8) == true
            })
        try disk.change(at: place + 40)
        let named = try #require(disk.state(.fat))
        #expect(filled.change(to: named) == "has another root directory")
        if bits == 32 {
            try disk.change(at: 512 + 0x1e8)
            #expect(
                disk.state(.fat).flatMap { named.change(to: $0) }
                    == "has another boot sector, or counts other clusters as free")
        }
    }

    @Test func exfat() throws {
        let disk = try MadeDisk(64, ["mkfs.exfat", "-L", "KEPT"])
        let state = try #require(disk.state(.exfat))
        let serial = try disk.said(["dump.exfat"], of: #"Volume Serial:\s+0x([0-9a-f]+)"#)
        let found = state.identity[..<4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        #expect(serial.flatMap { UInt32($0, radix: 16) } == found)

        // Flags, and how much is in use.
        try disk.write([2, 0], at: 106)
        try disk.change(at: 112)
        #expect(disk.state(.exfat).flatMap { state.change(to: $0) } == nil)
        // The bitmap is the first cluster.
        let heap = UInt64(disk.byte(at: 88)) | UInt64(disk.byte(at: 89)) << 8
        try disk.change(at: heap * 512 + 5)
        let filled = try #require(disk.state(.exfat))
        #expect(state.change(to: filled) == "has other clusters in use")
        let root = UInt64(disk.byte(at: 96)) - 2
        let clusterSize = UInt64(512) << UInt64(disk.byte(at: 109))
        try disk.change(at: heap * 512 + root * clusterSize + 32 * 20)
        #expect(
            disk.state(.exfat).flatMap { filled.change(to: $0) } == "has another root directory")
    }

    /// Nothing is found where there is nothing, and nothing read beyond the end, wherever the device
    /// ends; and whatever a superblock says, there is an end to what is read.
    @Test func damage() throws {
        let disks: [(FileSystemKind, MadeDisk)] = [
            (.ext, try MadeDisk(16, ["mkfs.ext4", "-qF"])),
            (.xfs, try MadeDisk(320, ["mkfs.xfs", "-qf"])),
            (.btrfs, try MadeDisk(320, ["mkfs.btrfs", "-q", "-f"])),
            (.f2fs, try MadeDisk(64, ["mkfs.f2fs", "-q", "-f"])),
            (.fat, try MadeDisk(64, ["mkfs.vfat", "-F", "32"])),
            (.exfat, try MadeDisk(64, ["mkfs.exfat"])),
        ]
        for (kind, disk) in disks {
            for other in FileSystemKind.allCases where other != kind {
                #expect(disk.state(other) == nil, "\(kind) is no \(other)")
            }
            for size in [0, 1, 511, 512, 1024, 2048, 4096, 65536, 69632, 1 << 20] as [UInt64] {
                _ = FileSystemState(kind, size: size) { offset, count in
                    #expect(offset + UInt64(count) <= size)
                    return disk.readAt(offset, count)
                }
            }
            let start: UInt64 = [.ext: 1024, .f2fs: 1024, .btrfs: 65536][kind] ?? 0
            for offset in 0..<300 as Range<UInt64> {
                var read = 0
                _ = FileSystemState(kind, size: disk.size) { place, count in
                    read += count
                    var bytes = disk.readAt(place, count) ?? []
                    let index = Int(truncatingIfNeeded: start &+ offset &- place)
                    if bytes.indices.contains(index) { bytes[index] = 0xff }
                    return bytes
                }
                #expect(read <= 64 << 20)
            }
        }
    }
}

@Suite struct DeviceBelowTests {
    @Test(arguments: [4096, 0, (1 << 20) - 8192] as [UInt64])
    func raidMember(place: UInt64) throws {
        let disk = try MadeDisk(1, [])
        try disk.write([0xfc, 0x4e, 0x2b, 0xa9, 1, 0, 0, 0], at: place)
        try disk.write(Array(1...16), at: place + 16)
        try disk.write(littleEndian(place / 512), at: place + 144)
        try disk.write(Array(21...36), at: place + 168)
        try disk.write(littleEndian(1_767_268_800), at: place + 192)
        try disk.write(littleEndian(12), at: place + 200)
        let state = try #require(disk.state(.raidMember))
        #expect(state.identity == Array(1...16) + Array(21...36))
        try disk.write(littleEndian(14), at: place + 200)
        #expect(
            disk.state(.raidMember).flatMap { state.change(to: $0) }
                == "had 12 events, now 14; last on 2026-01-01 12:00 UTC")
        // A copy elsewhere.
        try disk.write(littleEndian(place / 512 + 1), at: place + 144)
        #expect(disk.state(.raidMember) == nil)
    }

    @Test func physicalVolume() throws {
        let disk = try MadeDisk(1, [])
        try disk.write(Array("LABELONE".utf8), at: 512)
        try disk.write(littleEndian(32, width: 4), at: 512 + 20)
        try disk.write(Array("LVM2 001".utf8), at: 512 + 24)
        try disk.write(Array("abcdefghijklmnopqrstuvwxyzABCDEF".utf8), at: 512 + 32)
        // Data from 1 MiB on, metadata from 4 KiB on.
        try disk.write(littleEndian(1 << 20), at: 512 + 72)
        try disk.write(littleEndian(4096) + littleEndian(65536), at: 512 + 72 + 32)
        try disk.write(Array(" LVM2 x[5A%r0N*>".utf8), at: 4096 + 4)
        try disk.write(littleEndian(1024) + littleEndian(60), at: 4096 + 40)
        try disk.write(Array("vg {\nid = \"x\"\nseqno = 12\nformat".utf8), at: 4096 + 1024)
        let state = try #require(disk.state(.physicalVolume))
        #expect(state[.generation] == 12 && state.identity.count == 32)
        try disk.write(Array("3".utf8), at: 4096 + 1024 + 23)
        #expect(
            disk.state(.physicalVolume).flatMap { state.change(to: $0) }
                == "had metadata number 12, now 13")
    }

    private func littleEndian(_ value: UInt64, width: Int = 8) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }
}

/// What the memory of a kernel tells of its file systems.
@Suite struct SuperblockCopyTests {
    private static let size = 65536

    /// Superblock and what is around it, as on a disk.
    private static func ext(
        mounted count: UInt8, inUse: Bool = true, journal: Bool = true, name: UInt8 = 1
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        bytes[1024] = 9
        bytes[1024 + 0x28] = 9
        bytes[1024 + 0x2c] = count
        bytes[1024 + 0x34] = count
        bytes[1024 + 0x38] = 0x53
        bytes[1024 + 0x39] = 0xef
        bytes[1024 + 0x3a] = journal || !inUse ? 1 : 0
        bytes[1024 + 0x5c] = journal ? 4 : 0
        bytes[1024 + 0x60] = journal && inUse ? 4 : 0
        bytes[1024 + 0x68] = name
        return bytes
    }

    private static func btrfs(_ generation: UInt8, place: UInt8 = 1) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size + 4096)
        bytes[size + 50] = place
        bytes.replaceSubrange(size + 64..<size + 72, with: "_BHRfS_M".utf8)
        bytes[size + 72] = generation
        return bytes
    }

    private func state(_ kind: FileSystemKind, _ bytes: [UInt8]) throws -> FileSystemState {
        try #require(
            FileSystemState(kind, size: UInt64(bytes.count)) { offset, count in
                Array(bytes[Int(offset)..<Int(offset) + count])
            })
    }

    private func copies(_ pages: [[UInt8]]) -> SuperblockCopies {
        var copies = SuperblockCopies()
        for page in pages { page.withUnsafeBytes { copies.look(at: $0) } }
        return copies
    }

    @Test func aMountIsNoticed() throws {
        for journal in [true, false] {
            let copies = copies([Self.ext(mounted: 4, journal: journal)])
            #expect(
                try copies.change(to: state(.ext, Self.ext(mounted: 4, journal: journal))) == nil)
            let change = try copies.change(to: state(.ext, Self.ext(mounted: 5, journal: journal)))
            #expect(change?.hasPrefix("was mounted 4 times, now 5") == true)
            // Another one's.
            #expect(try copies.change(to: state(.ext, Self.ext(mounted: 5, name: 2))) == nil)
        }
    }

    /// Blocks of 1 KiB: anywhere in a page.
    @Test func blocksAreAnywhereInAPage() throws {
        let block = Array(Self.ext(mounted: 4)[1024..<2048])
        for place in 0..<4 {
            var page = [UInt8](repeating: 0, count: 4096)
            page.replaceSubrange(place * 1024..<place * 1024 + 1024, with: block)
            #expect(try copies([page]).change(to: state(.ext, Self.ext(mounted: 5))) != nil)
        }
    }

    /// What was read long ago says nothing, in whatever order it is met.
    @Test func oldCopiesAreNoFalseAlarm() throws {
        let now = try state(.ext, Self.ext(mounted: 5))
        for pages in [
            [Self.ext(mounted: 3), Self.ext(mounted: 5)],
            [Self.ext(mounted: 5), Self.ext(mounted: 3)],
            // It was not mounted any more.
            [Self.ext(mounted: 4, inUse: false)],
            [Self.ext(mounted: 3), Self.ext(mounted: 4, inUse: false)], [],
        ] {
            #expect(copies(pages).change(to: now) == nil)
        }
        #expect(copies([Self.ext(mounted: 4), Self.ext(mounted: 3)]).change(to: now) != nil)
        #expect(
            copies([Self.ext(mounted: 4), Self.ext(mounted: 4, inUse: false)]).change(to: now)
                != nil)
    }

    @Test func aNewerGenerationIsNoticed() throws {
        let copies = copies([Self.btrfs(7), Self.btrfs(9), Self.btrfs(8), Self.btrfs(20, place: 2)])
        for generation in [7, 8, 9] as [UInt8] {
            #expect(try copies.change(to: state(.btrfs, Self.btrfs(generation))) == nil)
        }
        #expect(
            try copies.change(to: state(.btrfs, Self.btrfs(10)))
                == "had generation 9, now 10")
    }
    /// As mkfs has made it, with another place in the log.
    private static func xfs(_ cycle: UInt8, _ block: UInt8) throws -> MadeDisk {
        let disk = try MadeDisk(320, ["mkfs.xfs", "-qf", "-m", "uuid=\(uuid)"])
        try disk.write([0, 0, 0, cycle, 0, 0, 0, block], at: 0xf0)
        return disk
    }

    /// The superblock of XFS is a sector anywhere in a page.
    @Test func aSuperblockWrittenLaterIsNoticed() throws {
        var page = [UInt8](repeating: 0, count: 4096)
        for (index, place) in [(1, 9), (2, 7), (1, 200)].enumerated() {
            let disk = try Self.xfs(UInt8(place.0), UInt8(place.1))
            let sector = (0..<512).map { disk.byte(at: $0) }
            page.replaceSubrange(index * 1024 + 512..<index * 1024 + 1024, with: sector)
        }
        for (cycle, block, words) in [
            (2, 7, nil), (1, 250, nil),
            (2, 8, "had its superblock written at 2, 7 of the log, now at 2, 8"),
            (3, 1, "had its superblock written at 2, 7 of the log, now at 3, 1"),
        ] as [(UInt8, UInt8, String?)] {
            let now = try #require(try Self.xfs(cycle, block).state(.xfs))
            #expect(copies([page]).change(to: now) == words)
        }
        // Memory that was given back: the newest one is that of before.
        page[1536 + 0x104] = 1
        let now = try #require(try Self.xfs(2, 6).state(.xfs))
        #expect(
            copies([page]).change(to: now)?.hasPrefix("had its superblock written at 1, 200")
                == true)
    }
}
