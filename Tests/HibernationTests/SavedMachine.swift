// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import KresumeImage
import LinuxBoot
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import SystemPackage
import TestSupport
import Transfer

@testable import Hibernation

/// A saver kernel with its device, ready to save.
final class SaverKernel {
    let original = OriginalKernel.shared
    let device: ScriptedDevice
    let machine: ScriptedMachine
    let recorded = RecordedReport()
    private let vmcore: ScriptedDevice

    /// - Parameters:
    ///   - region: where the saver lives; nil: where it usually does.
    ///   - isTest: whether it is `kresume test`: nothing is prepared on the device.
    ///   - isHybrid: whether the machine is to sleep, not to be switched off.
    ///   - message: what A has left for the saver; nil: nothing of a key.
    ///   - copies: on how many disks the device is, behind a page of something else; nil: it is one of its own.
    ///   - prepared: what the device holds; nil: an image that is not to be sealed.
    ///   - map: see ``OriginalKernel/preparedSwap(pages:saverRegion:map:)``.
    init(
        areaPages: Int = 1024, region: FrameRange? = nil, isTest: Bool = false,
        isHybrid: Bool = false, map: MemoryMap? = nil, fileSystems: [FileSystemRecord] = [],
        message: MessagePage? = nil, copies: Int? = nil, prepared: [UInt8]? = nil
    ) throws {
        if region != nil || message != nil {
            let bytes = OriginalKernel.shared.vmcore(
                without: region ?? OriginalKernel.saverRegion, message: message)
            vmcore = try ScriptedDevice(bytes, number: DeviceNumber(major: 0, minor: 1))
        } else {
            vmcore = try OriginalKernel.vmcoreFile.get()
        }
        let region = region ?? OriginalKernel.saverRegion
        let contents =
            try isTest
            ? emptySwap(pages: areaPages)
            : prepared
                ?? OriginalKernel.preparedSwap(
                    pages: areaPages, saverRegion: region, map: map, fileSystems: fileSystems)
        device = try ScriptedDevice(contents, number: swapNumber)
        let mark = try DeviceMark(of: device.open(swapPath, .read), offset: 0)
        let parameters = SaverParameters(
            image: OriginalKernel.id, offsetPages: 0,
            mirrored: copies.map {
                MirroredDevice(copies: $0, offset: 4096, size: UInt64(areaPages) << 12)
            },
            messagePage: OriginalKernel.messageFrame.address, pagingDepth: .four,
            keepsFreePages: true, compressionLevel: 3, test: isTest ? [mark] : nil,
            isHybrid: isHybrid)
        let entry = OriginalKernel.jumpBackEntry
        let (device, vmcore) = (device, vmcore.file)
        machine = ScriptedMachine { script in
            script.commandLine = "\(parameters.options.text) kexec_jump_back_entry=\(entry)"
            script.firmwareMap = MemoryMap([
                .init(OriginalKernel.saverLowMemory.physicalRange, .ram),
                .init(region.physicalRange, .ram),
            ])
            script.frames = [.tested(0x840, 0x880)]
            script.cores[CoreFile.vmcore] = vmcore
            script.devices[swapPath] = device
        }
    }

    /// What `kresume save` throws; nil where it returned.
    ///
    /// - Parameter limit: how long it may be stuck, in milliseconds.
    func save(limit: Int = 3_600_000) -> (any Error)? {
        machine.change { [report = recorded.report] script in
            if script.worker == nil { script.worker = { try? Self.work($0, report).run() } }
        }
        do { try Save(machine, recorded.report, limit: limit).run() } catch { return error }
        return nil
    }

    private static func work(_ machine: ScriptedMachine, _ report: Report) -> SaveWork {
        var work = SaveWork(machine, report)
        work.configuredWait = 0
        return work
    }

    var hasJumped: Bool { machine.script.deeds.contains("jump") }

    /// What was done from the first time that `deed` was.
    func deeds(from deed: String) -> ArraySlice<String> {
        let deeds = machine.script.deeds
        return deeds[(deeds.firstIndex(of: deed) ?? deeds.endIndex)...]
    }

    /// What A reads after a jump back; nil where nobody jumped.
    var messageInOriginal: MessagePage? {
        guard machine.script.deeds.contains("jump") else { return nil }
        // The page is the last one of what was loaded.
        return machine.script.loaded?.segments.last?.bytes.suffix(4096).withUnsafeBytes {
            MessagePage($0)
        }
    }
}

/// A swap area with an image in it.
func savedImage(of saver: SaverKernel) throws -> [UInt8] {
    saver.machine.change { $0.whenPoweredOff = .call(.reboot, path: nil, .interrupted) }
    // The script's machine is not switched off, so the image is made invalid again: what counts is
    // what was there when it was to go off.
    let bytes = Captured()
    saver.machine.change { script in
        script.whenPoweringOff = { machine in
            bytes.set(machine.script.devices[swapPath]?.bytes ?? [])
        }
    }
    _ = saver.save()
    return bytes.value
}
