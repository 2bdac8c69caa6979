// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import LinuxPlatform
import PhysicalMemory
import SystemPackage

/// Why a machine was not hibernated.
enum HibernateError: ExplainedError {
    case mounted(FilePath, on: FilePath)
    case otherContents(FilePath, String)
    /// By the mapping of this name, which the saver kernel does not have.
    case encrypted(FilePath, mapping: String)
    /// In a way that does not tell where an image would be beneath it.
    case encryptedOtherwise(FilePath, mapping: String)
    /// What is written to the first device is not seen on the second, which should be beneath it.
    case notBeneath(FilePath, FilePath)
    /// The saver kernel would have to put it together.
    case onArray(FilePath, DeviceArray)
    /// What is written there is lost, or the saver kernel cannot write there.
    case flawed(FilePath, StorageFlaw)
    case writeProtected(FilePath)
    case swapIsInUse(FilePath, needed: UInt64, available: UInt64)
    /// In bytes.
    case deviceTooSmall(FilePath, size: UInt64, needed: UInt64)
    /// In bytes: more is in use than a restore kernel could hold beside itself.
    case imageTooLarge(UInt64, limit: UInt64)
    case notEnoughMemory(needed: UInt64, available: UInt64)
    /// In bytes: what the saver kernel would get, and what it is expected to need.
    case saverMemoryTooSmall(UInt64, needed: UInt64)
    case noSaverKernel(release: String)
    case noSaverInitrd(release: String)
    /// The saver kernel may wait for ever over it.
    case initramfsCut(FilePath)
    case noRegion(size: UInt64)
    /// RAM that the firmware's map does not have: it was added while the machine ran.
    case addedMemory(PhysicalRange)
    case saverWithoutFiveLevels
    case noLowMemory
    /// Nobody named a device, and of the swap in use none can hold an image.
    case noDevice(passedOver: [ChosenTarget.PassedOver])
    case badPages(FilePath)
    case swapFile(FilePath, SwapFileFlaw)
    /// A file was named, and a place in it.
    case offsetInFile(FilePath)
    /// The saver kernel came back with this reason.
    case saveFailed(String)
    /// The same in a test.
    case testFailed(String)
    /// The same where the machine was to sleep, the image beside.
    case notAsleep(String)
    /// It was to, and kernel or firmware has no ``SuspendToMemory``.
    case cannotSuspend
    case noWord
    case notABlockDevice(FilePath)
    /// These processes have memory that must not be written to a disk.
    case secretMemory([String])
    /// And nothing of what we can see is the reason.
    case hibernationDisabled
    /// It would reset the machine while the saver kernel has it.
    case watchdogRuns(Watchdog)
    /// A driver, or somebody else who hibernates, does not let drivers prepare.
    case notPrepared(Errno)
    /// A file system did not come to rest.
    case fileSystemHangs(FilePath)
    /// By the device's name.
    case driverRefused(String, Errno, [KernelDefect])
    /// The image could not be made invalid although the machine runs.
    case imageLeft(FilePath)

    var explanation: String {
        switch self {
        case .mounted(let path, let point): "\(path) is mounted on \(point): name another device"
        case .otherContents(let path, let name):
            "\(path) holds \(name); an image goes to a swap partition (--force overwrites)"
        case .encrypted(let path, let mapping):
            "\(path) is encrypted (\(mapping)), and the image would not be: kresume key create makes it "
                + "encrypted by itself (--unlock-in-saver goes on without, and the saver kernel asks for "
                + "the passphrase)"
        case .encryptedOtherwise(let path, let mapping):
            "\(path) is encrypted (\(mapping)), not by LUKS on one device: the saver kernel would have to "
                + "unlock it again, and ask for the passphrase with nobody there (--unlock-in-saver goes on)"
        case .notBeneath(let path, let below):
            "what is written to \(path) does not come to \(below) where it was expected: nothing else was "
                + "overwritten; name another device, or give --unlock-in-saver"
        case .onArray(let path, let array):
            "\(path) is on the array \(array.name) (\(array.level)), which the saver kernel would have to put "
                + "together: "
                + (array.level == "raid1"
                    ? "only to a whole one that is in order, without partitions, it writes by itself"
                    : "only to RAID 1 it writes by itself")
                + "; name another device (--force goes on)"
        case .flawed(let path, let flaw):
            "\(path) cannot hold an image: \(flaw.reason); name another device"
                + (flaw.losesAll ? "" : " (--force takes this one)")
        case .writeProtected(let path): "\(path) is write-protected: name another device"
        case .swapIsInUse(let path, let needed, let available):
            "\(mebibytes(needed)) is swapped out to \(path), and only \(mebibytes(available)) of "
                + "memory is free to take it back: end some programs, or name another device"
        case .deviceTooSmall(let path, let size, let needed):
            "\(path) is too small: it has \(mebibytes(size)), and the image needs at least "
                + mebibytes(needed)
        case .imageTooLarge(let size, let limit):
            "too much memory is in use: an image of \(mebibytes(size)) could not be resumed on this "
                + "machine, which has room for \(mebibytes(limit)); end some programs first"
        case .notEnoughMemory(let needed, let available):
            "not enough memory for the saver kernel: \(mebibytes(needed)) needed, "
                + "\(mebibytes(available)) free"
        case .saverMemoryTooSmall(let size, let needed):
            "the saver kernel may need \(mebibytes(needed)) and would get \(mebibytes(size)): give "
                + "more with --saver-memory (--force goes on, and risks that it does not come up)"
        case .noSaverKernel(let release):
            "there is no kernel for \(release) in /boot or /usr/lib/modules: name one with "
                + "--saver-kernel"
        case .noSaverInitrd(let release):
            "there is no initramfs for \(release) in /boot or /usr/lib/modules: name one with "
                + "--saver-initrd"
        case .initramfsCut(let path): "\(path) is cut short: make it again"
        case .noRegion(let size):
            "there is no stretch of \(mebibytes(size)) of memory for the saver kernel below 4 GiB: "
                + "try less with --saver-memory"
        case .addedMemory(let range):
            "memory was added while the machine ran (\(range)), and the firmware does not know of "
                + "it, so it would not be saved: restart the machine first"
        case .saverWithoutFiveLevels:
            "this kernel pages with 5 levels and the saver kernel cannot: name another with "
                + "--saver-kernel"
        case .noLowMemory: "there is no memory below 640 KiB for the saver kernel"
        case .noDevice(let passedOver):
            passedOver.isEmpty
                ? "there is no swap in use: name a swap partition or a swap file"
                : "no swap in use can hold an image: "
                    + passedOver.map(\.description).joined(separator: "; ") + "; name a device"
        case .badPages(let path):
            "the swap area on \(path) has bad pages: name a device without any"
        case .swapFile(let path, let flaw): "the swap file \(path) \(flaw.reason)"
        case .offsetInFile(let path):
            "\(path) is a file, and an image begins where it begins: leave the offset away"
        case .saveFailed(let reason):
            "the image was not saved, and the machine went on: \(reason)"
        case .testFailed(let reason):
            "hibernation would not work, and the machine went on: \(reason)"
        case .notAsleep(let reason):
            "the machine is not asleep, and goes on: \(reason)"
        case .cannotSuspend:
            "this machine cannot suspend to memory by ACPI S3 (/sys/power/mem_sleep offers no deep): "
                + "hibernate without --hybrid"
        case .noWord: "the machine went on without a word from the saver kernel"
        case .notABlockDevice(let path):
            "\(path) is not a block device: name a swap partition or a swap file"
        case .secretMemory(let users):
            "secret memory (memfd_secret) is in use and must not be written to a disk: end "
                + (users.count > 3 ? list(users.prefix(3) + ["and others"]) : list(users))
        case .hibernationDisabled:
            "the kernel's own hibernation is turned off, and nothing shows why: it may be for "
                + "secret memory (memfd_secret) that is in use (--force goes on)"
        case .watchdogRuns(let watchdog):
            "the watchdog \(watchdog.name) runs, and may reset the machine "
                + (watchdog.timeout.isEmpty ? "" : "\(watchdog.timeout) s ")
                + "after the saver kernel has begun: turn it off first (of systemd: RuntimeWatchdogSec=off in "
                + "system.conf); --force goes on"
        case .notPrepared(let number):
            "a driver refuses to hibernate, or another program hibernates already: "
                + "/dev/snapshot: \(number); dmesg may tell more"
        case .fileSystemHangs(let path):
            "the file system on \(path) does not finish what it is writing: see what dmesg says of "
                + "its disk"
        case .driverRefused(let device, let number, let defects):
            "the driver of \(device.isEmpty ? "a device" : device) refuses to be stopped "
                + "(\(number)), and the machine goes on; dmesg may tell more"
                + defects.map { "; \($0.explanation)" }.joined()
        case .imageLeft(let path):
            "the image on \(path) could not be made invalid although its machine runs: never resume "
                + "it (kresume discard \(path))"
        }
    }
}

extension StorageFlaw {
    /// Why nothing can be kept there.
    var reason: String {
        switch self {
        case .memory(let name):
            "\(name) is a disk in memory, which is empty after the machine was off"
        case .fileInMemory(let name, let file):
            "\(name) shows \(file), a file in memory, which is gone after the machine was off"
        case .file(let name, let file):
            "\(name) shows the file \(file), and the saver kernel, which mounts nothing, cannot"
        case .plainKey(let mapping):
            "\(mapping) is encrypted without a header, as with a random key, which would be gone "
                + "after the machine was off"
        case .remote(let name):
            "another machine or a program stands behind \(name), and the saver kernel may not "
                + "reach it"
        }
    }
}
