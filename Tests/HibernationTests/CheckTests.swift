// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import KeyFiles
import LinuxBoot
import LinuxPlatform
import Sealing
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// `kresume check` says beforehand what `hibernate` and `resume` would.
@Suite struct CheckTests {
    private static func machine() throws -> ScriptedMachine {
        let machine = try HibernateWorkflowTests.machine(swapPages: 1 << 13)
        var archive = InitramfsArchive()
        _ = archive.addProgram("bin/kresume", [1, 2, 3])
        _ = archive.addProgram("etc/kresume/image-key", [4])
        let bytes = archive.bytes()
        machine.change { script in
            script.swaps[0].size = 32 << 20
            script.files["/boot/initrd.img-6.12.1-test"] = bytes
            script.files["/dev/snapshot"] = []
            script.kernel.release = "6.17.1-test"
            for name in ["vmlinuz", "initrd.img"] {
                script.files[FilePath("/boot/\(name)-6.17.1-test")] =
                    script.files[FilePath("/boot/\(name)-6.12.1-test")]
            }
            script.commandLine = "quiet resume=/dev/sda2"
            ResumeEntryTests.add(.grub, of: "6.17.1-test", to: &script)
            script.files[ResumeEntryTests.image] = bytes
            for (name, bytes) in try! keyFiles.get() {
                script.files[FilePath("/etc/kresume/\(name)")] = bytes
            }
        }
        return machine
    }

    private static let keyFiles = Result {
        let key = OpeningKey.random()
        return [
            "sealing-key": SealingKeyFile.serialised(key.sealingKey),
            "image-key": try OpeningKeyFile(key, passphrase: nil).serialised,
        ]
    }

    private static func check(
        _ machine: ScriptedMachine, _ encryption: ImageEncryption = .automatic,
        takesPlainImages: Bool? = true
    ) throws -> Checkup {
        var hibernate = Hibernate(machine, RecordedReport().report)
        hibernate.encryption = encryption
        var check = CheckMachine(hibernate)
        check.takesPlainImages = takesPlainImages
        return try check.run()
    }

    @Test func allIsWell() throws {
        let machine = try Self.machine()
        let checkup = try Self.check(machine)
        #expect(checkup.works)
        for part in Checkup.Part.allCases {
            let others = checkup[part].filter { $0.verdict != .met }
            #expect(others == [], "\(part)")
        }
        // And nothing was changed, or loaded.
        #expect(machine.script.deeds == [])
        #expect(checkup.text.contains("to resume: yes\n  ✓ kernel: it can start another one"))
        #expect(checkup.text.contains("  ✓ next boot: it looks on /dev/sda2"))
    }

    private struct Fault {
        var part: Checkup.Part
        var name: String
        var verdict = Checkup.Condition.Verdict.unmet
        var words: String
        var change: @Sendable (inout ScriptedMachine.Script) -> Void
    }

    private static let faults: [Fault] = [
        Fault(part: .own, name: "kernel", words: "CONFIG_KEXEC_JUMP") {
            $0.kexecJumpSupport = .unknownFlag
        },
        Fault(part: .own, name: "known defects", verdict: .doubtful, words: "before 6.16.1") {
            $0.kernel.release = "6.12.1-test"
        },
        Fault(part: .own, name: "secret memory", words: "gpg-agent") {
            $0.kernelHibernation = .disabled(hasCXLMemory: false)
            $0.secretMemoryUsers = ["gpg-agent"]
        },
        Fault(part: .own, name: "watchdog", words: "the watchdog esb runs") {
            $0.watchdogs = [Watchdog(name: "esb", timeout: "30")]
        },
        Fault(part: .own, name: "drivers", verdict: .doubtful, words: "not prepared") {
            $0.files["/dev/snapshot"] = nil
        },
        Fault(part: .own, name: "device", words: "name a swap partition") {
            $0.commandLine = ""
            $0.swaps = []
        },
        Fault(part: .own, name: "saver kernel", words: "--saver-kernel") {
            $0.files["/boot/vmlinuz-6.17.1-test"] = nil
        },
        Fault(part: .own, name: "initramfs", words: "update-initramfs") {
            var archive = InitramfsArchive()
            _ = archive.addProgram("scripts/kresume", [1])
            $0.files[ResumeEntryTests.image] = archive.bytes()
        },
        Fault(part: .own, name: "initramfs", verdict: .doubtful, words: "see that kresume") {
            $0.files[ResumeEntryTests.image] = [0x1f, 0x8b, 8, 0]
        },
        Fault(part: .own, name: "saver memory", words: "not enough memory") {
            $0.memory = MemoryInfo(total: 500 << 20, free: 50 << 20, available: 50 << 20)
        },
        Fault(part: .own, name: "saver memory", words: "is too small") {
            $0.memory = MemoryInfo(total: 500 << 20, free: 300 << 20, available: 300 << 20)
            $0.swaps[0].size = 1
        },
        Fault(part: .own, name: "next boot", verdict: .doubtful, words: "neither resume=") {
            $0.commandLine = "quiet"
        },
        Fault(part: .own, name: "encryption", verdict: .doubtful, words: "kresume key create") {
            $0.files["/etc/kresume/sealing-key"] = nil
        },
        Fault(part: .own, name: "encryption", words: "do not belong together") {
            $0.files["/etc/kresume/sealing-key"] = SealingKeyFile.serialised(
                OpeningKey.random().sealingKey)
        },
        Fault(part: .own, name: "encryption", words: "sealing-key: ") {
            $0.files["/etc/kresume/sealing-key"] = [1]
        },
        Fault(part: .stock, name: "kernel", words: "CONFIG_HIBERNATION") {
            $0.kernelHibernation = .absent
        },
        Fault(part: .stock, name: "kernel", words: "nohibernate") {
            $0.kernelHibernation = .disabled(hasCXLMemory: true)
        },
        Fault(part: .stock, name: "swap", words: "no swap is in use") { $0.swaps = [] },
        Fault(part: .stock, name: "swap", words: "of swap are free") {
            $0.memory = MemoryInfo(total: 500 << 20, free: 300 << 20, available: 300 << 20)
        },
        Fault(
            part: .stock, name: "place", verdict: .doubtful,
            words:
                "looks on page 7 of /dev/sda2 (resume= of the kernel command line), where no swap is in "
                + "use (in use: /dev/sda2)"
        ) { $0.commandLine = "quiet resume=/dev/sda2 resume_offset=7" },
        Fault(
            part: .stock, name: "place", verdict: .doubtful,
            words: "in use: /swapfile, page 34 of /dev/sda1: resume_offset=34"
        ) {
            $0.swaps[0].path = "/swapfile"
            $0.swaps[0].isBlockDevice = false
            $0.blocks["/swapfile"] = FileBlocks(
                fileSystem: .ext4, device: "/dev/sda1", size: 32 << 20,
                extents: [.init(offset: 0, deviceOffset: 34 * 4096, size: 32 << 20)])
        },
        Fault(part: .stock, name: "place", verdict: .doubtful, words: "resume_offset=x is not") {
            $0.commandLine = "quiet resume=/dev/sda2 resume_offset=x"
        },
        Fault(part: .resume, name: "kernel", words: "kernel.kexec_load_disabled") {
            $0.kexecSupport = .notPermitted
            $0.kexecJumpSupport = .supported
            $0.sysctls["kernel/kexec_load_disabled"] = "1"
        },
        Fault(part: .resume, name: "memory map", words: "CONFIG_FIRMWARE_MEMMAP") {
            $0.firmwareMap = nil
        },
        Fault(part: .resume, name: "initramfs", words: "--saver-initrd") {
            $0.files["/boot/initrd.img-6.17.1-test"] = nil
        },
        Fault(part: .resume, name: "initramfs", words: "key of encrypted images is not in") {
            var archive = InitramfsArchive()
            _ = archive.addProgram("bin/kresume", [1])
            $0.files["/boot/initrd.img-6.17.1-test"] = archive.bytes()
        },
        Fault(
            part: .resume, name: "resume initramfs", verdict: .doubtful,
            words: "is older than /boot/initrd.img"
        ) {
            $0.times["/boot/initrd.img-6.17.1-test"] = 1000
        },
        Fault(part: .resume, name: "command line", words: "noresume") {
            $0.commandLine = "noresume"
        },
    ]

    /// Each condition is seen not to be met, too.
    @Test(arguments: faults.indices) func oneIsNotMet(index: Int) throws {
        let fault = Self.faults[index]
        let machine = try Self.machine()
        machine.change(fault.change)
        let checkup = try Self.check(machine)
        let found = checkup[fault.part].first {
            $0.name == fault.name && $0.verdict == fault.verdict && $0.text.contains(fault.words)
        }
        #expect(found != nil, "\(checkup.text)")
        #expect(checkup.works(fault.part) == (fault.verdict != .unmet))
        // A device that nobody swaps to is held for a moment.
        #expect(machine.script.deeds.filter { !$0.hasPrefix("claim") } == [])
    }

    /// A line that is always there, or never, tells nothing.
    @Test func everyLineIsSeenBothWays() throws {
        var met: Set<Checkup.Line> = []
        var unmet: Set<Checkup.Line> = []
        for fault in [nil] + Self.faults {
            for takesPlainImages in fault == nil ? [true, false] : [true] {
                let machine = try Self.machine()
                if let fault { machine.change(fault.change) }
                let checkup = try Self.check(machine, takesPlainImages: takesPlainImages)
                for condition in checkup.conditions {
                    if condition.verdict == .met {
                        met.insert(condition.line)
                    } else {
                        unmet.insert(condition.line)
                    }
                }
            }
        }
        for line in Checkup.Line.allCases {
            #expect(met.contains(line) && unmet.contains(line), "\(line)")
        }
    }

    /// Where there is a key, it would be made and not be taken.
    @Test(arguments: [nil, false]) func aPlainImageWouldBeRefused(takesPlainImages: Bool?) throws {
        let machine = try Self.machine()
        let sealed = try Self.check(machine, takesPlainImages: takesPlainImages)
        #expect(sealed.works && sealed.works(.own) && !sealed.works(.stock), "\(sealed.text)")
        let plain = try Self.check(machine, .never, takesPlainImages: takesPlainImages)
        #expect(!plain.works && !plain.works(.own), "\(plain.text)")
        #expect(try Self.check(machine, .never).works(.own))
        machine.change { $0.files["/etc/kresume/sealing-key"] = nil }
        let keyless = try Self.check(machine, takesPlainImages: takesPlainImages)
        #expect(keyless.works(.stock) == (takesPlainImages == nil))
    }

    @Test func oneWayIsEnough() throws {
        let machine = try Self.machine()
        machine.change { $0.kexecJumpSupport = .unknownFlag }
        #expect(try Self.check(machine).works)
        machine.change { $0.kernelHibernation = .absent }
        #expect(try !Self.check(machine).works)
    }

    @Test func asJSON() throws {
        let checkup = try Self.check(Self.machine())
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(checkup.json.utf8)) as? [String: Any])
        #expect(object["works"] as? Bool == true)
        let own = try #require(object["own"] as? [String: Any])
        let conditions = try #require(own["conditions"] as? [[String: String]])
        #expect(conditions.count == checkup[.own].count)
        #expect(conditions[0]["name"] == "kernel" && conditions[0]["verdict"] == "met")
    }
}
