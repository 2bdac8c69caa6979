// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory

/// All that can be known to be wrong before any of the image's data is read.
struct CheckImage {
    let image: HibernationImage
    let area: ImageArea

    /// - Parameter retry: the user takes the risk that the image was resumed before.
    func check(retry: Bool) throws {
        if image.state == .resuming && !retry {
            throw ResumeError.alreadyTried(area.device.path)
        }
        // First what differs most: another machine has another map and other devices.
        let here = try MachineFacts.firmwareMap()
        let maps = image.machine.memoryMap.difference(from: here)
        if !maps.onlyHere.isEmpty || !maps.onlyThere.isEmpty {
            throw ResumeError.otherMemoryMap(image: maps.onlyHere, here: maps.onlyThere)
        }
        let differences = image.machine.invariants.differences(from: try MachineFacts.invariants())
        if !differences.isEmpty { throw ResumeError.otherMachine(differences) }

        if image.machine.jump.pagingLevels == 5, !CPU.hasFiveLevelPaging {
            throw ResumeError.noFiveLevelPaging
        }
        // What is mounted here would be written to by two kernels that do not know each other.
        let mounted = try Mounts.current().filter { $0.hasDevice && !$0.isReadOnly }
        if !mounted.isEmpty { throw ResumeError.fileSystemsMounted(mounted) }
    }
}
