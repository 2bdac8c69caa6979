// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Explanation
import KeyFiles
import PhysicalMemory
import Restore
import SwsuspImage
import SystemPackage
import Testing
import Threads
import Transfer

@testable import Hibernation
@testable import KresumeImage
@testable import LinuxPlatform
@testable import kresume

private let frames = FrameRange(PageFrame(16), count: 2)
private let path: FilePath = "/dev/sda2"
private let device = DeviceSpecification.tag(.label, "swap")
private let id = ImageID(low: 1, high: 2)

@Suite struct MachineErrorTests {
    @Test func platform() {
        expectSentences { (error: PlatformError?) in
            switch error {
            case nil:
                [
                    .call(.open, path: path, .noSuchFileOrDirectory),
                    .call(.kexecLoad, path: nil, .notPermitted),
                ]
            case .call:
                [
                    .transfer(.reading, path: path, offset: 8192, count: 4096, .ioError),
                    .transfer(.writing, path: path, offset: 8192, count: 4096, .noSpace),
                ]
            case .transfer: [.beyondEnd(path: path, offset: 8192, count: 4096, size: 8192)]
            case .beyondEnd: [.tooLarge(path: path, limit: 4096)]
            case .tooLarge: [.malformed(path: "/proc/swaps", line: 2)]
            case .malformed: [.notStorage(path: "/dev/null")]
            case .notStorage: [.noDeviceNode(path: path)]
            case .noDeviceNode: [.frameUnknown]
            case .frameUnknown: [.pageAbsent]
            case .pageAbsent: []
            }
        }
    }

    @Test func failedTransfer() {
        let error = PlatformError.transfer(
            .reading, path: path, offset: 8192, count: 4096, .ioError)
        #expect(
            error.explanation == "/dev/sda2: reading 4096 bytes at byte 8192 failed: Input/output "
                + "error; the disk may be failing, dmesg tells more")
    }

    @Test func reading() {
        expectSentences { (error: ImageReadError<PlatformError>?) in
            switch error {
            case nil: [.image(.version(2))]
            case .image: [.device(.notStorage(path: path))]
            case .device: []
            }
        }
        expectSentences { (error: SwsuspReadError<PlatformError>?) in
            switch error {
            case nil: [.image(.noPages)]
            case .image: [.device(.notStorage(path: path))]
            case .device: []
            }
        }
    }

    @Test func transfer() {
        expectSentences { (error: TransferError?) in
            switch error {
            case nil: [.chunkNotUnpacked(index: 3)]
            case .chunkNotUnpacked: [.deviceFull(path, size: 1 << 30)]
            case .deviceFull: [.imageTooLarge(1 << 40, tables: 1 << 20, limit: 1 << 30)]
            case .imageTooLarge: [.packedWrong]
            case .packedWrong: [.unalignedMemory(frames.physicalRange)]
            case .unalignedMemory: [.otherMemory(frames)]
            case .otherMemory: []
            }
        }
    }

    @Test func restore() {
        expectSentences { (error: RestoreError?) in
            switch error {
            case nil: [.notEnoughMemory(needed: 1 << 30, available: 1 << 20)]
            case .notEnoughMemory: [.framesMoved(count: 3)]
            case .framesMoved: [.jumpReturned]
            case .jumpReturned: [.otherArchitecture(.arm64), .otherArchitecture(.x86)]
            case .otherArchitecture: [.noKexecJump(.arm64)]
            case .noKexecJump: []
            }
        }
    }

    @Test func machine() {
        expectSentences { (error: MachineError?) in
            switch error {
            case nil: [.notMounted("/sys", command: "mount -t sysfs sys /sys")]
            case .notMounted: [.notRoot]
            case .notRoot: [.lockedDown]
            case .lockedDown: [.kexecDisabled]
            case .kexecDisabled: [.noKexec]
            case .noKexec: [.noKexecJump]
            case .noKexecJump: [.kexecRefused(.notPermitted)]
            case .kexecRefused: [.noSuchDevice(device)]
            case .noSuchDevice: [.ambiguousDevice(device, [path, "/dev/sdb2"])]
            case .ambiguousDevice: [.resumeOffset("12k")]
            case .resumeOffset: [.noFirmwareMap]
            case .noFirmwareMap: [.alreadyRunning(1234)]
            case .alreadyRunning: Signal.allCases.map { .interrupted($0) }
            case .interrupted: []
            }
        }
    }

    @Test func resume() {
        let kinds: [FoundImage.Kind] = [
            .uswsusp, .damaged(ImageError.version(2)),
            .unreadable(PlatformError.notStorage(path: path)),
        ]
        let images = kinds.map { FoundImage(path: path, offset: 4096, kind: $0, time: 0) }
        let mount = Mount(
            number: DeviceNumber(major: 8, minor: 2), mountPoint: "/mnt", fileSystem: "ext4",
            source: "/dev/sda2", isReadOnly: false)
        let entry = MemoryMap.Entry(frames.physicalRange, .ram)
        let difference = KresumeImage.Invariants.Difference(
            category: "pci", onlyInImage: ["0000:00:05.0"], onlyHere: [])
        expectSentences { (error: ResumeError?) in
            switch error {
            case nil: [.severalImages(images)]
            case .severalImages: images.map { .foreignImage($0) }
            case .foreignImage: [.imageVanished(path)]
            case .imageVanished: [.alreadyTried(path)]
            case .alreadyTried: [.writeProtected(path)]
            case .writeProtected:
                images.map { .otherOffset("page 9 of /dev/sda2 is no swap", [$0], .commandLine) }
            case .otherOffset: [.fileSystemsMounted([mount])]
            case .fileSystemsMounted: [.swapActive(path)]
            case .swapActive:
                [.fileSystemsChanged(["/dev/sda3 (ext4 on /) was mounted again, last on x"], path)]
            case .fileSystemsChanged: [.otherMemoryMap(image: [entry], here: [])]
            case .otherMemoryMap: [.otherACPITables(["DSDT 1"], image: [entry], here: [])]
            case .otherACPITables: [.otherMemoryMapChecksum(image: 1, here: MemoryMap([entry]))]
            case .otherMemoryMapChecksum: [.otherHardwareSignature(image: 1, here: 2)]
            case .otherHardwareSignature: [.otherMachine([difference])]
            case .otherMachine: [.noFiveLevelPaging]
            case .noFiveLevelPaging:
                [.otherKernelVersion(image: "#1 SMP Debian 6.1", here: "#1 SMP Debian 6.12")]
            case .otherKernelVersion: [.startedAtEL2]
            case .startedAtEL2: [.noSuchProcessor(affinity: 0x101)]
            case .noSuchProcessor: [.noMessagePage]
            case .noMessagePage: [.plainImage(path)]
            case .plainImage: [.olderImage(path)]
            case .olderImage:
                [
                    .kernelMayResume(MachineError.noKexec, command: "echo 8:2 > /sys/power/resume"),
                    .kernelMayResume(Errno.noMemory, command: "echo 8:2 > /sys/power/resume"),
                ]
            case .kernelMayResume: []
            }
        }
    }

    @Test func hibernate() {
        expectSentences { (error: HibernateError?) in
            switch error {
            case nil: [.mounted(path, on: "/mnt")]
            case .mounted: [.otherContents(path, "ext4")]
            case .otherContents: [.encrypted(path, mapping: "swap_crypt")]
            case .encrypted: [.encryptedOtherwise(path, mapping: "swap_crypt")]
            case .encryptedOtherwise: [.notBeneath(path, "/dev/sda3")]
            case .notBeneath:
                [
                    .onArray(path, DeviceArray(name: "md0", level: "raid5", mirrors: nil)),
                    .onArray(path, DeviceArray(name: "md0", level: "raid1", mirrors: nil)),
                ]
            case .onArray:
                [
                    StorageFlaw.memory("zram0"), .fileInMemory("loop0", "/tmp/swap"),
                    .file("loop0", "/swap"), .plainKey(mapping: "swap_crypt"), .remote("nbd0"),
                ].map { .flawed(path, $0) }
            case .flawed: [.writeProtected(path)]
            case .writeProtected: [.swapIsInUse(path, needed: 1 << 30, available: 1 << 20)]
            case .swapIsInUse: [.deviceTooSmall(path, size: 1 << 20, needed: 1 << 30)]
            case .deviceTooSmall: [.imageTooLarge(1 << 40, limit: 1 << 30)]
            case .imageTooLarge: [.notEnoughMemory(needed: 1 << 30, available: 1 << 20)]
            case .notEnoughMemory: [.saverMemoryTooSmall(1 << 26, needed: 1 << 27)]
            case .saverMemoryTooSmall: [.noSaverKernel(release: "6.12.1")]
            case .noSaverKernel: [.noSaverInitrd(release: "6.12.1")]
            case .noSaverInitrd: [.initramfsCut("/boot/initrd.img")]
            case .initramfsCut: [.noRegion(size: 1 << 30)]
            case .noRegion: [.addedMemory(frames.physicalRange)]
            case .addedMemory: [.saverWithoutFiveLevels]
            case .saverWithoutFiveLevels: [.noLowMemory]
            case .noLowMemory:
                [
                    .noDevice(passedOver: []),
                    .noDevice(passedOver: [.init(path: path, reason: "it is a file")]),
                ]
            case .noDevice: [.badPages(path)]
            case .badPages:
                [
                    .unknownFileSystem, .severalDevices(.btrfs), .hole(at: 4096), .shared,
                    .notPlain,
                    .unaligned, .empty, .otherContents(path), .moved,
                ].map { .swapFile("/swapfile", $0) }
            case .swapFile: [.offsetInFile("/swapfile")]
            case .offsetInFile: [.saveFailed("/dev/sda2 is full")]
            case .saveFailed: [.testFailed("/dev/sda2 is full")]
            case .testFailed: [.notAsleep("/dev/sda2 is full")]
            case .notAsleep: [.cannotSuspend]
            case .cannotSuspend: [.noWord]
            case .noWord: [.notABlockDevice(path)]
            case .notABlockDevice: [.secretMemory(["a (1)"]), .secretMemory(["a", "b", "c", "d"])]
            case .secretMemory: [.hibernationDisabled]
            case .hibernationDisabled:
                ["30", ""].map { .watchdogRuns(Watchdog(name: "esb", timeout: $0)) }
            case .watchdogRuns: [.notPrepared(.resourceBusy)]
            case .notPrepared: [.fileSystemHangs("/mnt")]
            case .fileSystemHangs:
                [
                    .driverRefused("virtio1", .resourceBusy, KernelDefect.allCases),
                    .driverRefused("", .resourceBusy, []),
                ]
            case .driverRefused: [.imageLeft(path)]
            case .imageLeft: []
            }
        }
    }

    @Test func others() {
        expectSentences { (error: UndoNoteError?) in error == nil ? [.malformed(line: 3)] : [] }
        expectSentences { (error: CheckError?) in
            switch error {
            case nil: [.noHibernation]
            case .noHibernation: [.hibernationDisabled]
            case .hibernationDisabled: [.noSwap]
            case .noSwap: [.littleSwap(1 << 20, needed: 1 << 30)]
            case .littleSwap: [.notInInitramfs(path)]
            case .notInInitramfs: [.keyNotInInitramfs(path)]
            case .keyNotInInitramfs: [.plainImagesRefused]
            case .plainImagesRefused: [.resumeForbidden]
            case .resumeForbidden: []
            }
        }
        expectSentences { (error: Cancelled?) in error == nil ? [Cancelled()] : [] }
        expectSentences { (error: ReportedError?) in
            error == nil ? [ReportedError(MachineError.noKexec)] : []
        }
    }

    @Test func save() {
        expectSentences { (error: SaveError?) in
            switch error {
            case nil: [.areaNotFound(id)]
            case .areaNotFound: [.mirrorsNotFound(2)]
            case .mirrorsNotFound: [.areaFoundTwice(id, [path, "/dev/sdb2"])]
            case .areaFoundTwice: [.deviceNotFound]
            case .deviceNotFound: [.deviceFoundTwice([path, "/dev/sdb2"])]
            case .deviceFoundTwice: [.noPreparedImage]
            case .noPreparedImage: [.stillRunning]
            case .stillRunning: [.cannotSuspend]
            case .cannotSuspend:
                [
                    .notSuspended(.resourceBusy, device: nil),
                    .notSuspended(.ioError, device: "virtio1"),
                ]
            case .notSuspended: [.workerEnded("signal 9")]
            case .workerEnded: [.nothingHeard(seconds: 120)]
            case .nothingHeard: [.noWayBack]
            case .noWayBack: [.otherSeal(isSealed: true), .otherSeal(isSealed: false)]
            case .otherSeal: []
            }
        }
    }

    @Test func key() {
        expectSentences { (error: KeyError?) in
            switch error {
            case nil: [.unusable(path, .magic)]
            case .unusable: [.noSealingKey(path)]
            case .noSealingKey: [.noOpeningKey([path, "/dev/sdb2"])]
            case .noOpeningKey: [.credentialNotOpened(path)]
            case .credentialNotOpened: [.alreadyThere(path)]
            case .alreadyThere: [.nothingThere]
            case .nothingThere: [.noPassphrase]
            case .noPassphrase: [.wrongPassphrase(times: 1), .wrongPassphrase(times: 3)]
            case .wrongPassphrase: [.differentPassphrases]
            case .differentPassphrases: [.halvesDiffer(path, "/dev/sdb2")]
            case .halvesDiffer: []
            }
        }
    }

    @Test func setup() {
        expectSentences { (error: SetupError?) in
            switch error {
            case nil: [.noInitramfsTool]
            case .noInitramfsTool: [.noProgram("mkswap")]
            case .noProgram: [.failed("mkswap /swapfile", status: 1)]
            case .failed: [.fileSystem("/", "overlay")]
            case .fileSystem: [.exists("/swapfile")]
            case .exists: [.noSpace("/", needed: 4 << 30, free: 1 << 30)]
            case .noSpace: [.nothingToUndo]
            case .nothingToUndo: [.noBootLoader]
            case .noBootLoader: [.readOnlyForGRUB("/boot/grub/grubenv")]
            case .readOnlyForGRUB: [.noKernel]
            case .noKernel: [.note("/etc/kresume/setup", line: 2)]
            case .note: []
            }
        }
    }

    @Test func resumeEntry() {
        expectSentences { (error: ResumeEntryError?) in
            switch error {
            case nil: [.otherLoader(.grub)]
            case .otherLoader: [.missing("/boot/kresume-6.12.1.img")]
            case .missing: [.otherKernel("6.12.1", newest: "6.12.2")]
            case .otherKernel: [.older(than: "/boot/initrd.img-6.12.1")]
            case .older: [.damaged("/boot/grub/grubenv")]
            case .damaged: []
            }
        }
    }

    @Test func usage() {
        expectSentences { (error: UsageError?) in
            switch error {
            case nil: [.badOption]
            case .badOption:
                [.badValue(option: "wait", value: "soon", problem: "is not a number")]
            case .badValue: [.noDevice]
            case .noDevice: [.notADevice("swap")]
            case .notADevice: [.offsetWithoutDevice]
            case .offsetWithoutDevice: [.onlyByHand("ignore-changed")]
            case .onlyByHand: [.tooManyArguments(["/dev/sda2", "/dev/sdb2"])]
            case .tooManyArguments: [.notAKeyCommand(""), .notAKeyCommand("mend")]
            case .notAKeyCommand: []
            }
        }
    }

    @Test func anyError() {
        struct Other: Error {}
        #expect(explanation(of: MachineError.noKexec) == MachineError.noKexec.explanation)
        #expect(explanation(of: Errno.ioError) == "Input/output error")
        #expect(explanation(of: Other()) == "Other()")
    }
}
