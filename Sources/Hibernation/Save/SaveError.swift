// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import KresumeImage
import SystemPackage

/// Why the saver kernel did not write the image.
enum SaveError: ExplainedError {
    case areaNotFound(ImageID)
    /// On this many disks.
    case mirrorsNotFound(Int)
    case areaFoundTwice(ImageID, [FilePath])
    /// The same in a test, where nothing is prepared.
    case deviceNotFound
    case deviceFoundTwice([FilePath])
    /// What A has kept in its memory for a test.
    case noPreparedImage
    /// The machine was to be switched off.
    case stillRunning
    /// This kernel or the firmware has no ``SuspendToMemory``.
    case cannotSuspend
    /// The image was written by then. With the device that refused, if one did.
    case notSuspended(Errno, device: String?)
    /// The process that saves ended, and did not say why.
    case workerEnded(String)
    case nothingHeard(seconds: Int)
    case noWayBack
    /// What was prepared on the device is another kind of image than A wants.
    case otherSeal(isSealed: Bool)

    var explanation: String {
        switch self {
        case .areaNotFound(let id):
            "no device holds the prepared image \(id): does the saver's initramfs have the driver "
                + "for it?"
        case .mirrorsNotFound(let copies):
            "the saver kernel does not see all \(copies) disks of the array that the image goes to: does its "
                + "initramfs have the driver for them?"
        case .areaFoundTwice(let id, let paths):
            "the prepared image \(id) is on \(list(paths)), and only one can be right"
        case .deviceNotFound:
            "the saver kernel does not see the device: does its initramfs have the driver for it?"
        case .deviceFoundTwice(let paths):
            "\(list(paths)) begin with the same bytes, so that the device cannot be told from the "
                + "others without writing to it: make it swap first (mkswap)"
        case .noPreparedImage:
            "what the original kernel has prepared is not in its memory"
        case .stillRunning: "the machine did not switch itself off"
        case .cannotSuspend:
            "the saver kernel cannot suspend to memory by ACPI S3 (/sys/power/mem_sleep offers no deep): "
                + "hibernate without --hybrid"
        case .notSuspended(let number, let device):
            "suspending to memory failed (\(number)\(device.map { ", the driver of \($0)" } ?? "")), and the "
                + "image is dropped; try again, or hibernate without --hybrid"
        case .workerEnded(let how): "the process that saves ended (\(how))"
        case .nothingHeard(let seconds): "nothing was saved for \(seconds) seconds"
        case .otherSeal(let isSealed):
            "the prepared image is \(isSealed ? "" : "not ")to be encrypted, and the hibernating kernel "
                + "says otherwise: something else has written to the device"
        case .noWayBack:
            "no way leads back into the hibernated system; it is lost when this machine goes off"
        }
    }
}
