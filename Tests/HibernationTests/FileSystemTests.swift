// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Fingerprint
import KresumeImage
import LinuxPlatform
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// As little of an ext2 as has a state.
private func ext(_ name: UInt8, mounted count: UInt16) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 65536)
    bytes.store(UInt16(0xef53), at: 1024 + 0x38)
    bytes.store([UInt8](repeating: name, count: 16), at: 1024 + 0x68)
    bytes.store(count, at: 1024 + 0x34)
    bytes.store(UInt32(1_767_268_800) + UInt32(count), at: 1024 + 0x2c)
    return bytes
}

private func device(_ bytes: [UInt8], _ minor: UInt32, holders: [String] = []) throws
    -> ScriptedDevice
{
    try ScriptedDevice(bytes, number: DeviceNumber(major: 8, minor: minor), holders: holders)
}

private func mount(
    _ minor: UInt32, _ point: FilePath, _ fileSystem: String = "ext4", readOnly: Bool = false
) -> Mount {
    Mount(
        number: DeviceNumber(major: 8, minor: minor), mountPoint: point, fileSystem: fileSystem,
        source: "/dev/whatever", isReadOnly: readOnly)
}

/// What A tells B.
@Suite struct MountedFileSystemTests {
    @Test func whatIsMountedIsListedOnce() throws {
        let machine = ScriptedMachine()
        let devices: [FilePath: ScriptedDevice] = [
            "/dev/sda1": try device(ext(1, mounted: 4), 1),
            "/dev/sda3": try device(ext(3, mounted: 5), 3),
            "/dev/sda5": try device([UInt8](repeating: 0, count: 65536), 5),
        ]
        machine.change {
            $0.devices = devices
            $0.mounts = [
                mount(1, "/"), mount(3, "/data\u{7}", readOnly: true), mount(1, "/again"),
                mount(5, "/broken"), mount(3, "/squash", "squashfs"), mount(7, "/gone"),
            ]
        }
        let records = MountedFileSystems(machine).records()
        #expect(records.map(\.device) == ["/dev/sda1", "/dev/sda3"])
        #expect(records.map(\.mountPoint) == ["/", "/data\\u{7}"])
        #expect(records.map(\.isReadWrite) == [true, false])
        #expect(records.allSatisfy { $0.isAsMounted && !$0.onlyWarns && $0.kind == "ext4" })
        #expect(records[0].state.identity == [UInt8](repeating: 1, count: 16))
        #expect(records[1].state[.mountCount] == 5)
    }

    /// Where boot loaders write, a difference is only said.
    @Test(arguments: [("/boot/efi", true), ("/boot", true), ("/efi", true), ("/data", false)])
    func systemPartition(point: String, onlyWarns: Bool) throws {
        var fat = [UInt8](repeating: 0, count: 65536)
        fat.store([0, 2, 1, 1, 0, 2, 16, 0, 128, 0, 0xf8, 1, 0] as [UInt8], at: 11)
        let machine = ScriptedMachine()
        let device = try device(fat, 1)
        machine.change {
            $0.devices = ["/dev/sda1": device]
            $0.mounts = [mount(1, FilePath(point), "vfat")]
        }
        #expect(MountedFileSystems(machine).records().map(\.onlyWarns) == [onlyWarns])
    }

    /// All devices of a btrfs, and what is below them.
    @Test func devicesOfABtrfsAndBelow() throws {
        func btrfs(_ file: UInt8, _ device: UInt8) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: 80000)
            bytes.store([UInt8](repeating: file, count: 16), at: 65536 + 32)
            bytes.store("_BHRfS_M".utf8, at: 65536 + 64)
            bytes.store([UInt8](repeating: device, count: 16), at: 65536 + 267)
            return bytes
        }
        var member = [UInt8](repeating: 0, count: 80000)
        member.store(UInt32(0xa92b_4efc), at: 4096)
        member.store(UInt32(1), at: 4100)
        member.store(UInt64(8), at: 4096 + 144)
        let machine = ScriptedMachine()
        let devices: [FilePath: ScriptedDevice] = [
            "/dev/md0": try device(btrfs(1, 1), 1), "/dev/sdb": try device(btrfs(1, 2), 2),
            "/dev/sdc": try device(btrfs(2, 1), 3),
            "/dev/sdd": try device(member, 4, holders: ["md0"]),
        ]
        machine.change {
            $0.devices = devices
            $0.mounts = [
                Mount(
                    number: DeviceNumber(major: 0, minor: 30), mountPoint: "/data",
                    fileSystem: "btrfs", source: "/dev/md0", isReadOnly: false)
            ]
        }
        let records = MountedFileSystems(machine).records()
        #expect(records.map(\.device) == ["/dev/md0", "/dev/sdd", "/dev/sdb"])
        #expect(records.map(\.kind) == ["btrfs", "md", "btrfs"])
        #expect(records.map(\.onlyWarns) == [false, true, false])
    }
}

/// What B makes of it, and what C finds.
@Suite struct FileSystemCheckTests {
    private static func record(
        _ path: String, _ bytes: [UInt8], at point: String = "/data", readWrite: Bool = true,
        onlyWarns: Bool = false, asMounted: Bool = false
    ) throws -> FileSystemRecord {
        let state = FileSystemState(.ext, size: UInt64(bytes.count)) { offset, count in
            Array(bytes[Int(offset)..<Int(offset) + count])
        }
        return FileSystemRecord(
            state: try #require(state), device: path, kind: "ext4", mountPoint: point,
            isReadWrite: readWrite, onlyWarns: onlyWarns, isAsMounted: asMounted)
    }

    /// An image of a machine that had these mounted, each seen by the saver kernel under a name.
    private static func image(
        _ records: [FileSystemRecord], seen: [FilePath: [UInt8]]
    ) throws -> [UInt8] {
        let saver = try SaverKernel(fileSystems: records)
        for (index, item) in seen.enumerated() {
            let device = try device(item.value, UInt32(index + 20))
            saver.machine.change { $0.devices[item.key] = device }
        }
        return try savedImage(of: saver)
    }

    private static func records(in image: [UInt8]) throws -> [FileSystemRecord] {
        try #require(
            try HibernationImage.read(areaSize: UInt64(image.count)) { offset, count in
                Array(image[Int(offset)..<Int(offset) + count])
            }
        ).fileSystems
    }

    private func restore(
        _ image: [UInt8], with devices: [FilePath: [UInt8]]
    ) throws -> RestoreMachine {
        let restore = try RestoreMachine(image: image)
        for (index, item) in devices.enumerated() {
            let device = try device(item.value, UInt32(index + 40))
            restore.machine.change { $0.devices[item.key] = device }
        }
        return restore
    }

    /// Those that it sees, as they are now: A went on to write after it had looked.
    @Test func theSaverPutsInWhatItSees() throws {
        let image = try Self.image(
            [
                try Self.record("/dev/sdb1", ext(1, mounted: 4), asMounted: true),
                try Self.record("/dev/dm-0", ext(2, mounted: 4), asMounted: true),
            ], seen: ["/dev/sdx1": ext(1, mounted: 6)])
        let records = try Self.records(in: image)
        #expect(records.map(\.isAsMounted) == [false, true])
        #expect(records.map { $0.state[.mountCount] } == [6, 4])
        #expect(records.map(\.device) == ["/dev/sdb1", "/dev/dm-0"])
    }

    private static let one = Result {
        try image(
            [try record("/dev/sdb1", ext(1, mounted: 41), asMounted: true)],
            seen: ["/dev/sdb1": ext(1, mounted: 41)])
    }

    @Test func whatIsAsItWasIsResumed() throws {
        // Under another name, and beside a copy that somebody has mounted.
        let same = ext(1, mounted: 41)
        for devices: [FilePath: [UInt8]] in [
            ["/dev/sdb1": same], ["/dev/sdc1": same],
            ["/dev/sdb1": ext(1, mounted: 42), "/dev/sdc1": same],
        ] {
            let restore = try restore(Self.one.get(), with: devices)
            _ = restore.resume()
            #expect(restore.hasJumped, "\(restore.recorded.lines)")
        }
    }

    @Test func whatHasChangedIsRefused() throws {
        let restore = try restore(Self.one.get(), with: ["/dev/sdb1": ext(1, mounted: 42)])
        guard case .fileSystemsChanged(let changes, swapPath)? = restore.resume() as? ResumeError
        else {
            Issue.record("\(restore.recorded.lines)")
            return
        }
        #expect(
            changes == [
                "/dev/sdb1 (ext4 on /data) was mounted 41 times, now 42; last on "
                    + "2026-01-01 12:00 UTC"
            ])
        #expect(!restore.hasJumped && state(restore.device.bytes) == .ready)
        #expect(restore.device.faults.count(.write) == 0)
        #expect(restore.machine.script.loaded == nil)

        // Whoever asks for it gets it, and is told.
        _ = restore.resume { $0.ignoreChanged = true }
        #expect(restore.hasJumped)
        #expect(restore.recorded.contains("was mounted 41 times, now 42"))
    }

    @Test func aDiskThatIsGoneIsRefused() throws {
        let restore = try restore(Self.one.get(), with: [:])
        guard case .fileSystemsChanged(let changes, _)? = restore.resume() as? ResumeError else {
            Issue.record("\(restore.recorded.lines)")
            return
        }
        #expect(changes == ["/dev/sdb1 (ext4 on /data) is not there, or cannot be read"])
    }

    @Test func aDiskThatComesLateIsWaitedFor() throws {
        let restore = try restore(Self.one.get(), with: [:])
        let late = try device(ext(1, mounted: 41), 17)
        restore.machine.change { script in
            script.events = [
                ScriptedEvent(.blockDevice, after: 200) { $0.devices["/dev/sdb1"] = late }
            ]
        }
        _ = restore.resume { $0.wait = 5 }
        #expect(restore.hasJumped, "\(restore.recorded.lines)")
        #expect(restore.recorded.contains("waiting for /dev/sdb1 (ext4 on /data)"))
    }

    /// Of one that was mounted only to be read, of one that only warns, of one that nobody saw but A.
    @Test func aDiskThatNeedNotBeThere() throws {
        let bytes = ext(1, mounted: 4)
        for (record, isSeen) in [
            (try Self.record("/dev/sdb1", bytes, readWrite: false), true),
            (try Self.record("/dev/sdb1", bytes, onlyWarns: true), true),
            (try Self.record("/dev/sdb1", bytes, asMounted: true), false),
        ] {
            let image = try Self.image([record], seen: isSeen ? ["/dev/sdb1": bytes] : [:])
            let restore = try restore(image, with: [:])
            _ = restore.resume()
            #expect(restore.hasJumped, "\(restore.recorded.lines)")
        }
    }

    @Test func whatOnlyWarnsIsTold() throws {
        let image = try Self.image(
            [try Self.record("/dev/sdb1", ext(1, mounted: 4), onlyWarns: true)],
            seen: ["/dev/sdb1": ext(1, mounted: 4)])
        let restore = try restore(image, with: ["/dev/sdb1": ext(1, mounted: 5)])
        _ = restore.resume()
        #expect(restore.hasJumped)
        let lines = restore.recorded.lines.filter { $0.contains("was mounted 4 times, now 5") }
        #expect(lines.count == 1, "\(restore.recorded.lines)")
    }

    /// A went on to write to what nobody else saw: only what a mount changes counts.
    @Test func whatOnlyASawIsComparedByItsMounts() throws {
        let image = try Self.image(
            [try Self.record("/dev/dm-0", ext(1, mounted: 4), asMounted: true)], seen: [:])
        var written = ext(1, mounted: 4)
        written.store(UInt32(77), at: 1024 + 0x30)
        let same = try restore(image, with: ["/dev/dm-0": written])
        _ = same.resume()
        #expect(same.hasJumped, "\(same.recorded.lines)")
        let other = try restore(image, with: ["/dev/dm-0": ext(1, mounted: 5)])
        #expect(other.resume() is ResumeError)
    }

    /// Of what only A saw, A's own superblock tells: it may be older on the disk, and not newer.
    @Test(arguments: [(8, true), (9, true), (10, false)] as [(UInt64, Bool)])
    func whatOnlyASawIsComparedWithItsMemory(generation: UInt64, isResumed: Bool) throws {
        func disk(_ generation: UInt64) -> [UInt8] {
            let superblock = OriginalKernel.btrfs(generation: generation)
            return [UInt8](repeating: 0, count: 65536) + superblock + superblock
        }
        let before = disk(7)
        let state = FileSystemState(.btrfs, size: UInt64(before.count)) { offset, count in
            Array(before[Int(offset)..<Int(offset) + count])
        }
        let record = FileSystemRecord(
            state: try #require(state), device: "/dev/dm-0", kind: "btrfs", mountPoint: "/",
            isReadWrite: true, onlyWarns: false, isAsMounted: true)
        for (isListed, expected) in [(true, isResumed), (false, true)] {
            let image = try Self.image(isListed ? [record] : [], seen: [:])
            let restore = try restore(image, with: ["/dev/dm-0": disk(generation)])
            let error = restore.resume()
            #expect(restore.hasJumped == expected, "\(restore.recorded.lines)")
            if expected { continue }
            guard case .fileSystemsChanged(let changes, _)? = error as? ResumeError else {
                Issue.record("\(restore.recorded.lines)")
                continue
            }
            #expect(changes == ["/dev/dm-0 (btrfs) had generation 9, now 10"])
        }
    }

    /// Reading takes long, and somebody may have been at work.
    @Test func theLastLookIsRightBeforeTheJump() throws {
        let restore = try restore(Self.one.get(), with: ["/dev/sdb1": ext(1, mounted: 41)])
        let changed = try device(ext(1, mounted: 42), 18)
        restore.machine.change { script in
            script.whenCalled = { machine, _ in
                if machine.script.loaded != nil {
                    machine.change { $0.devices["/dev/sdb1"] = changed }
                }
            }
        }
        guard case .fileSystemsChanged? = restore.resume() as? ResumeError else {
            Issue.record("\(restore.recorded.lines)")
            return
        }
        #expect(!restore.hasJumped && state(restore.device.bytes) == .ready)
    }

    /// The kernel would not notice.
    @Test(arguments: [true, false]) func nobodyElseIsToResumeIt(isUnattended: Bool) throws {
        let restore = try restore(Self.one.get(), with: ["/dev/sdb1": ext(1, mounted: 42)])
        #expect(restore.resume { $0.isUnattended = isUnattended } is ResumeError)
        #expect(restore.machine.script.forbidsOtherResumes == isUnattended)
        let same = try self.restore(Self.one.get(), with: ["/dev/sdb1": ext(1, mounted: 41)])
        _ = same.resume { $0.isUnattended = isUnattended }
        #expect(same.hasJumped && !same.machine.script.forbidsOtherResumes)
    }

    /// A person who asks for the plan gets it, and the reason why it is none.
    @Test func aPlanIsMadeAllTheSame() throws {
        let restore = try restore(Self.one.get(), with: ["/dev/sdb1": ext(1, mounted: 42)])
        #expect(restore.resume { $0.dryRun = true } == nil)
        #expect(restore.recorded.contains("was mounted 41 times, now 42"))
    }

    @Test func inspectShowsBoth() throws {
        let restore = try restore(Self.one.get(), with: ["/dev/sdb1": ext(1, mounted: 42)])
        let inspection = try InspectImage(restore.machine, RecordedReport().report).run(
            ImageLocation(.path(swapPath)))
        let text = try #require(inspection).text
        #expect(
            text.contains(
                "/dev/sdb1 (ext4 on /data), read-write, mounted 41 times, last on "
                    + "2026-01-01 12:00 UTC; no journal"), "\(text)")
        #expect(text.contains("was mounted 41 times, now 42"))
    }
}
