// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import HibernateLocation
import KresumeImage
import LinuxBoot
import LinuxPlatform
import PhysicalMemory
import StoppedKernel
import SwsuspImage
import SystemPackage

/// Sentences about this machine and what was asked of it.

func sentence(_ error: MachineError) -> String {
    switch error {
    case .notRoot: "this needs root (CAP_SYS_BOOT and CAP_SYS_ADMIN)"
    case .lockedDown:
        "the kernel is locked down (Secure Boot?) and refuses kexec_load: see "
            + "/sys/kernel/security/lockdown"
    case .kexecDisabled:
        "kexec_load is turned off until the next boot (sysctl kernel.kexec_load_disabled)"
    case .noKexec: "this kernel has no kexec (CONFIG_KEXEC)"
    case .noKexecJump:
        "this kernel cannot be jumped back into (it has no CONFIG_KEXEC_JUMP)"
    case .kexecRefused(let error): "the kernel refuses kexec_load: \(error)"
    case .noSuchDevice(let device): "there is no device \(device)"
    case .ambiguousDevice(let device, let paths):
        "\(device) is on \(list(paths)): name one of them by its path"
    case .noFirmwareMap:
        "this kernel does not show the firmware's memory map (CONFIG_FIRMWARE_MEMMAP)"
    }
}

func sentence(_ error: ResumeError) -> String {
    switch error {
    case .severalImages(let images):
        "there are several images, and none was chosen (kresume resume DEVICE chooses): "
            + images.map(\.description).joined(separator: "; ")
    case .foreignImage(let image):
        "this image is for the software that wrote it, kresume does not know its format: \(image)"
    case .imageVanished(let path): "the image on \(path) has gone while it was looked at"
    case .alreadyTried(let path):
        "the image on \(path) was tried before, and its machine may have run since: to take the "
            + "risk, kresume resume --retry \(path); to drop it, kresume discard \(path)"
    case .fileSystemsMounted(let mounts):
        "file systems are mounted (" + list(mounts.map(\.mountPoint))
            + "): a machine is resumed from an initramfs, with nothing mounted"
    case .swapActive(let path):
        "\(path) is in use as swap: a machine is resumed from an initramfs, before swap is activated"
    case .otherMemoryMap(let image, let here):
        "the firmware's memory map is not the one of the hibernated machine: only in the image: "
            + list(image) + "; only here: " + list(here)
    case .otherMemoryMapChecksum(let image, let here):
        "the firmware's memory map is not the one of the hibernated machine: the image has its "
            + "checksum 0x\(String(image, radix: 16)), here it is "
            + "0x\(String(here.e820Checksum, radix: 16)) of: " + list(here.entries)
    case .otherHardwareSignature(let image, let here):
        "the hardware has changed since the hibernation: the ACPI hardware signature was "
            + "0x\(String(image, radix: 16)), it is 0x\(String(here, radix: 16))"
    case .otherMachine(let differences):
        "the hardware has changed since the hibernation: "
            + differences.map(sentence).joined(separator: "; ")
    case .noFiveLevelPaging:
        "the hibernated kernel pages with 5 levels, which this CPU cannot"
    case .noMessagePage: "the image is damaged: the page for our word to it is missing"
    case .kernelMayResume(let error, let command):
        "\(explanation(of: error)); the image is as it was, and if the kernel that runs here wrote it, "
            + "it may resume it: \(command)"
    }
}

private func sentence(_ difference: KresumeImage.Invariants.Difference) -> String {
    let sides = [
        ("only in the image: ", difference.onlyInImage), ("only here: ", difference.onlyHere),
    ].filter { !$0.1.isEmpty }
    return "\(difference.category) " + sides.map { $0 + list($1) }.joined(separator: "; ")
}

func sentence(_ error: HibernateError) -> String {
    switch error {
    case .mounted(let path, let point): "\(path) is mounted on \(point)"
    case .otherContents(let path, let name):
        "\(path) holds \(name); an image goes to a swap partition (--force overwrites)"
    case .encrypted(let path, let mapping):
        "\(path) is encrypted (\(mapping)): the saver kernel would have to unlock it again, and ask "
            + "for the passphrase with nobody there (--unlock-in-saver goes on)"
    case .swapIsInUse(let path, let needed, let available):
        "\(mebibytes(needed)) are swapped out to \(path) and only \(mebibytes(available)) of "
            + "memory are free to take them back"
    case .deviceTooSmall(let path, let size, let needed):
        "\(path) is too small: it has \(mebibytes(size)), the image needs at least "
            + mebibytes(needed)
    case .imageTooLarge(let size, let limit):
        "too much memory is in use: an image of \(mebibytes(size)) could not be resumed on this "
            + "machine, \(mebibytes(limit)) are possible; end some programs first"
    case .notEnoughMemory(let needed, let available):
        "not enough memory for the saver kernel: \(mebibytes(needed)) are needed, "
            + "\(mebibytes(available)) are free"
    case .noSaverKernel(let release):
        "there is no kernel for \(release) in /boot or /usr/lib/modules: name one with "
            + "--saver-kernel"
    case .noSaverInitrd(let release):
        "there is no initramfs for \(release) in /boot or /usr/lib/modules: name one with "
            + "--saver-initrd"
    case .noRegion(let size):
        "there are no \(mebibytes(size)) of memory in a row for the saver kernel below 4 GiB: try "
            + "less with --saver-memory"
    case .addedMemory(let range):
        "memory was added while the machine ran (\(range)), and the firmware does not know of it: "
            + "it would not be saved"
    case .saverWithoutFiveLevels:
        "this kernel pages with 5 levels and the saver kernel cannot: name another --saver-kernel"
    case .noLowMemory: "there is no memory below 640 KiB for the saver kernel"
    case .noDevice: "there is no swap partition in use: name a device"
    case .badPages(let path): "the swap area on \(path) has bad pages"
    case .saveFailed(let reason): "the image was not saved, and the machine went on: \(reason)"
    case .noWord: "the machine went on without a word from the saver kernel"
    case .notABlockDevice(let path): "\(path) is not a block device"
    case .imageLeft(let path):
        "the image on \(path) could not be made invalid although its machine runs: never resume "
            + "it (kresume discard \(path))"
    }
}

func sentence(_ error: HibernateLocationError) -> String {
    switch error {
    case .size(let size): "it has \(size) bytes"
    case .notText: "it is not UTF-16"
    case .notJSON(let offset): "it is not the JSON that systemd writes, from character \(offset) on"
    case .member(let name): "its member \(name) is missing or makes no sense"
    }
}

func sentence(_ error: SaveError) -> String {
    switch error {
    case .areaNotFound(let id): "no device holds the prepared image \(id)"
    case .areaFoundTwice(let id, let paths): "the prepared image \(id) is on \(list(paths))"
    case .stillRunning: "the machine did not switch itself off"
    }
}

func sentence(_ error: FreePageError) -> String {
    switch error {
    case .notTold(let key): "the kernel does not tell how to find it (\(key) in VMCOREINFO)"
    case .encryptedMemory: "it is encrypted (SME)"
    case .unreadable(let address):
        "the kernel's memory at 0x\(String(address, radix: 16)) cannot be read"
    case .impossibleBlock(let frame, let order):
        "page \(frame) is said to begin a free block of order \(order), which cannot be"
    case .backupList(let entry):
        "the list of the pages that were swapped with the saver's ends in "
            + "0x\(String(entry, radix: 16))"
    case .otherCount(let found, let counted):
        "\(found) free pages were found, and the kernel counts \(counted)"
    }
}

func sentence(_ error: BootProtocolError) -> String {
    switch error {
    case .doesNotFit(let needed, let available):
        "the saver kernel and its initramfs need \(mebibytes(needed)) and have "
            + "\(mebibytes(available)): give more with --saver-memory"
    case .commandLineTooLong(let length, let limit):
        "the saver kernel's command line has \(length) bytes, at most \(limit) are possible"
    case .kernelTruncated, .notAKernel:
        "the saver kernel's file is no Linux kernel for x86-64 (bzImage)"
    case .protocolTooOld, .notRelocatable64Bit:
        "the saver kernel cannot be started where it is loaded: it is too old or not relocatable"
    default: "the saver kernel cannot be started: \(error)"
    }
}
