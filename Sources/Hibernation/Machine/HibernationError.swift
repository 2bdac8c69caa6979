// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SystemPackage

/// What stands in the way on this machine, whichever the workflow.
enum MachineError: Error {
    case notRoot
    case lockedDown
    case kexecDisabled
    case noKexec
    case noKexecJump
    case kexecRefused(Errno)
    case noSuchDevice(DeviceSpecification)
    case ambiguousDevice(DeviceSpecification, [FilePath])
    /// The firmware's memory map is not in /sys/firmware/memmap.
    case noFirmwareMap
}

/// Why an image was not resumed although there is one.
enum ResumeError: Error {
    case severalImages([FoundImage])
    /// Known by name, not to be read.
    case foreignImage(FoundImage)
    /// It was there a moment ago.
    case imageVanished(FilePath)
    /// Somebody tried it before.
    case alreadyTried(FilePath)
    case fileSystemsMounted([Mount])
    case swapActive(FilePath)
    case otherMemoryMap(image: [MemoryMap.Entry], here: [MemoryMap.Entry])
    /// A stock image carries no more of the map than its checksum.
    case otherMemoryMapChecksum(image: UInt32, here: MemoryMap)
    /// ACPI: what the machine is made of, in the firmware's eyes.
    case otherHardwareSignature(image: UInt32, here: UInt32)
    case otherMachine([KresumeImage.Invariants.Difference])
    case noFiveLevelPaging
    case noMessagePage
    /// A stock image, which the kernel itself may be able to use.
    case kernelMayResume(any Error, command: String)
}

/// Why a machine was not hibernated.
enum HibernateError: Error {
    case mounted(FilePath, on: FilePath)
    case otherContents(FilePath, String)
    /// By the mapping of this name, which the saver kernel does not have.
    case encrypted(FilePath, mapping: String)
    case swapIsInUse(FilePath, needed: UInt64, available: UInt64)
    /// In bytes.
    case deviceTooSmall(FilePath, size: UInt64, needed: UInt64)
    /// In bytes: more is in use than a restore kernel could hold beside itself.
    case imageTooLarge(UInt64, limit: UInt64)
    case notEnoughMemory(needed: UInt64, available: UInt64)
    case noSaverKernel(release: String)
    case noSaverInitrd(release: String)
    case noRegion(size: UInt64)
    /// RAM that the firmware's map does not have: it was added while the machine ran.
    case addedMemory(PhysicalRange)
    case saverWithoutFiveLevels
    case noLowMemory
    case noDevice
    case badPages(FilePath)
    /// The saver kernel came back with this reason.
    case saveFailed(String)
    case noWord
    case notABlockDevice(FilePath)
    /// The image could not be made invalid although the machine runs.
    case imageLeft(FilePath)
}

/// Why the saver kernel did not write the image.
enum SaveError: Error {
    case areaNotFound(ImageID)
    case areaFoundTwice(ImageID, [FilePath])
    /// The machine was to be switched off.
    case stillRunning
}
