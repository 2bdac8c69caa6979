// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Explanation
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SwsuspImage
import SystemPackage

/// Why an image was not resumed although there is one.
enum ResumeError: ExplainedError {
    case severalImages([FoundImage])
    /// Known by name, not to be read.
    case foreignImage(FoundImage)
    /// It was there a moment ago.
    case imageVanished(FilePath)
    /// Somebody tried it before.
    case alreadyTried(FilePath)
    /// The image cannot be marked as tried.
    case writeProtected(FilePath)
    /// It is in a swap file that the offset does not lead to: why that does not, and where to write it.
    case otherOffset(String, [FoundImage], OffsetSource)
    case fileSystemsMounted([Mount])
    case swapActive(FilePath)
    /// Sentences, and where the image is.
    case fileSystemsChanged([String], FilePath)
    case otherMemoryMap(image: [MemoryMap.Entry], here: [MemoryMap.Entry])
    /// They lie elsewhere, and are not those that A goes on to use.
    case otherACPITables([String], image: [MemoryMap.Entry], here: [MemoryMap.Entry])
    /// A stock image carries no more of the map than its checksum.
    case otherMemoryMapChecksum(image: UInt32, here: MemoryMap)
    /// ACPI: what the machine is made of, in the firmware's eyes.
    case otherHardwareSignature(image: UInt32, here: UInt32)
    case otherMachine([KresumeImage.Invariants.Difference])
    case noFiveLevelPaging
    /// arm64: as `uname -v` has them.
    case otherKernelVersion(image: String, here: String)
    /// arm64: there the hand-off would have more to set up than it can.
    case startedAtEL2
    /// arm64: see ``ARM64RestoreRecord/affinity``.
    case noSuchProcessor(affinity: UInt64)
    case noMessagePage
    /// Where there is a key, no image is taken that it does not show to be this machine's.
    case plainImage(FilePath)
    /// By what the firmware remembers.
    case olderImage(FilePath)
    /// A stock image, which the kernel itself may be able to use.
    case kernelMayResume(any Error, command: String)

    var explanation: String {
        switch self {
        case .severalImages(let images):
            "there are several images, and none was chosen (kresume resume DEVICE chooses): "
                + images.map(\.description).joined(separator: "; ")
        case .foreignImage(let image):
            "this image is for the software that wrote it; kresume does not know its format: "
                + image.description
        case .imageVanished(let path): "the image on \(path) vanished while it was being read"
        case .alreadyTried(let path):
            "the image on \(path) was tried before, and its machine may have run since: to take "
                + "the risk, kresume resume --retry \(path); to drop it, kresume discard \(path)"
        case .writeProtected(let path):
            "\(path) is write-protected: an image that cannot be marked as tried is not resumed; "
                + "make it writable (blockdev --setrw \(path), or a switch on the device) and try "
                + "again"
        case .otherOffset(let reason, let images, let source):
            "\(reason); "
                + list(
                    images.map { image in
                        "an image is in \(image.file ?? image.path.string) (\(source.setting(image.offsetPages)) leads "
                            + "there; kresume resume \(image.operand) takes it now)"
                    })
                + "; find-offset = yes in kresume.conf lets a boot take the only one"
        case .fileSystemsMounted(let mounts):
            "file systems are mounted (" + list(mounts.map(\.mountPoint))
                + "): a machine is resumed from an initramfs, with nothing mounted"
        case .swapActive(let path):
            "\(path) is in use as swap: a machine is resumed from an initramfs, before swap is "
                + "activated"
        case .fileSystemsChanged(let changes, let path):
            "file systems are not what they were when the machine was hibernated, and it would "
                + "destroy them: \(changes.joined(separator: "; ")) (kresume discard \(path) drops "
                + "the image; kresume resume --ignore-changed \(path) takes the risk)"
        case .otherMemoryMap(let image, let here):
            "the firmware's memory map is not the one of the hibernated machine: only in the image: "
                + list(image) + "; only here: " + list(here)
        case .otherACPITables(let tables, let image, let here):
            "ACPI's tables are not those of the hibernated machine (\(list(tables))), and lie "
                + "elsewhere: only in the image: " + list(image) + "; only here: " + list(here)
        case .otherMemoryMapChecksum(let image, let here):
            "the firmware's memory map is not the one of the hibernated machine: the image has its "
                + "checksum \(hexadecimal(image)), and here it is "
                + "\(hexadecimal(here.e820Checksum)) of: " + list(here.entries)
        case .otherHardwareSignature(let image, let here):
            "the hardware has changed since the hibernation: the ACPI hardware signature was "
                + "\(hexadecimal(image)), and is \(hexadecimal(here))"
        case .otherMachine(let differences):
            "the hardware has changed since the hibernation: "
                + differences.map(\.sentence).joined(separator: "; ")
        case .noFiveLevelPaging:
            "the hibernated kernel pages with 5 levels, which this CPU cannot do"
        case .otherKernelVersion(let image, let here):
            "the image is of another kernel than this one, which arm64 does not allow: it was \(image), and "
                + "here is \(here)"
        case .startedAtEL2:
            "by the kernel's log it was not started at EL1 (but at EL2, as where virtual machines can run), "
                + "and kresume goes back only into one that was"
        case .noSuchProcessor(let affinity):
            "the processor that hibernated is not known here: the device tree has none with the affinity "
                + "\(hexadecimal(affinity))"
        case .noMessagePage:
            "the image is damaged: the page for our message to its kernel is missing"
        case .plainImage(let path):
            "the image on \(path) is not encrypted, and anybody may have written it: where there is a "
                + "key, a boot takes only what is sealed with it (kresume resume \(path) takes this one "
                + "by hand; plain-images = yes in kresume.conf lets every boot)"
        case .olderImage(let path):
            "the firmware does not know the image on \(path) as this machine's newest: an older one may "
                + "have been put back (kresume resume \(path) takes it by hand; kresume discard "
                + "\(path) drops it)"
        case .kernelMayResume(let error, let command):
            "\(Hibernation.explanation(of: error)); the image is still there, and if this kernel "
                + "wrote it, it may be able to resume it: \(command)"
        }
    }
}

extension KresumeImage.Invariants.Difference {
    fileprivate var sentence: String {
        let sides = [("only in the image: ", onlyInImage), ("only here: ", onlyHere)]
            .filter { !$0.1.isEmpty }
        return "\(category) " + sides.map { $0 + list($1) }.joined(separator: "; ")
    }
}
