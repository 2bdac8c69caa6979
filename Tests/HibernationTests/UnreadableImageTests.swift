// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// What the device does not give is not damage: nobody is told that an image is, or to drop it.
@Suite struct UnreadableImageTests {
    enum Command: CaseIterable { case locate, inspect, verify, discard, resume, dryRun, advice }

    /// All that the user gets to see.
    private func words(_ command: Command, _ restore: RestoreMachine) -> String {
        let machine = restore.machine
        let report = restore.recorded.report
        let location = ImageLocation(.path(swapPath))
        var words: [String] = []
        do {
            switch command {
            case .locate:
                words = try LocateImages(machine, report).run(location).map(\.description)
            case .inspect:
                words = [
                    try InspectImage(machine, RecordedReport().report).run(location)?.text ?? ""
                ]
            case .verify: _ = try VerifyImage(machine, report).run(location)
            case .discard: _ = try DiscardImage(machine, report).run(location)
            case .resume: if let error = restore.resume() { throw error }
            case .dryRun: if let error = restore.resume({ $0.dryRun = true }) { throw error }
            case .advice: words = [try Advice(machine, report).run() ?? ""]
            }
        } catch { words.append(explanation(of: error)) }
        return (words + restore.recorded.lines).joined(separator: "\n")
    }

    /// Whichever of the device's reads fails, one by one.
    @Test(arguments: Command.allCases) func everyReadThatFailsIsNoDamage(command: Command) throws {
        for bytes in [try RestoreMachine.image.get(), stockFront()] {
            var number = 1
            while true {
                let restore = try RestoreMachine()
                let device = try ScriptedDevice(bytes, number: swapNumber)
                device.faults.add(.error(.ioError), at: number, of: .read)
                restore.machine.change { $0.devices[swapPath] = device }
                let words = words(command, restore)
                if device.faults.count(.read) < number { break }
                // libblkid reads for itself, so every failure is one of ours.
                #expect(words.contains("Input/output error"), "\(command) \(number): \(words)")
                #expect(!words.contains("damaged"), "\(command) \(number): \(words)")
                #expect(!words.contains("discard"), "\(command) \(number): \(words)")
                #expect(device.faults.count(.write) == 0 && !restore.hasJumped)
                number += 1
            }
            #expect(number > 2)
        }
    }

    /// It may be the newer of two.
    @Test func anUnreadableImageStandsInTheWay() throws {
        let broken = try ScriptedDevice(RestoreMachine.image.get(), number: swapNumber)
        broken.faults.add(.error(.ioError), at: 3, of: .read)
        let whole = try ScriptedDevice(
            RestoreMachine.image.get(), number: DeviceNumber(major: 8, minor: 3))
        let machine = ScriptedMachine {
            $0.devices = [swapPath: broken, "/dev/sdb": whole]
        }
        let find = FindImage(
            named: nil, configured: nil, wait: nil, configuredWait: 0, machine: machine,
            report: RecordedReport().report)
        #expect {
            try find.find()
        } throws: { error in
            if case .severalImages(let images)? = error as? ResumeError {
                images.count == 2
            } else {
                false
            }
        }
    }
}
