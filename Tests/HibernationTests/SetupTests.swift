// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Foundation
import LinuxBoot
import LinuxPlatform
import SwapArea
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// `kresume setup` makes a system without swap one that hibernates, and takes all of it back.
@Suite struct SetupTests {
    private static let initrd: FilePath = "/boot/initrd.img-6.12.1-test"
    private static let programs = [
        "/usr/sbin/update-initramfs", "/usr/bin/fallocate", "/usr/sbin/mkswap", "/bin/systemctl",
        "/usr/bin/chattr", "/usr/bin/btrfs",
    ]
    private static let shared: FilePath = "/usr/local/share/kresume/systemd-hibernate.conf"
    private static let sharedToo: FilePath =
        "/usr/local/share/kresume/systemd-suspend-then-hibernate.conf"
    private static let sharedHybrid: FilePath =
        "/usr/local/share/kresume/systemd-hybrid-sleep.conf"

    /// Installed, and no more: a root on ``swapPath``, nothing to swap to.
    private func machine(_ fileSystem: String = "ext4") throws -> ScriptedMachine {
        let machine = try HibernateWorkflowTests.machine(swapPages: 16)
        let disk = try ScriptedDevice(
            [UInt8](repeating: 0xd1, count: 8192 << 12), number: swapNumber)
        machine.change { script in
            script.swaps = []
            script.devices = [swapPath: disk]
            script.mounts = [
                Mount(
                    number: swapNumber, mountPoint: "/", fileSystem: fileSystem,
                    source: "/dev/sda2", isReadOnly: false),
                Mount(
                    number: DeviceNumber(major: 0, minor: 9), mountPoint: "/tmp",
                    fileSystem: "tmpfs", source: "tmpfs", isReadOnly: false),
            ]
            for path in Self.programs { script.files[FilePath(path)] = [] }
            script.files["/run/systemd/system"] = []
            script.files[Self.shared] = Array("[Service]\n".utf8)
            script.files[Self.sharedToo] = Array("[Service]\n".utf8)
            script.files[Self.sharedHybrid] = Array("[Service]\n".utf8)
            script.files["/etc/fstab"] = Array("/dev/sda2 / ext4 defaults 0 1".utf8)
            script.files["/etc/kresume.conf"] = Array("# none\n#device = x\n".utf8)
            script.passphrases = ["secret", "secret"]
            script.whenRun = { machine, command in Self.imitate(command, machine) }
        }
        return machine
    }

    /// What the other programs do.
    private static func imitate(_ command: String, _ machine: ScriptedMachine) -> Int32 {
        let words = command.split(separator: " ").map(String.init)
        switch words[0] {
        case "fallocate":
            let swap = try? ScriptedDevice(emptySwap(pages: 2048), number: nil)
            machine.change { script in
                let path = FilePath(words[3])
                script.files[path] = []
                script.devices[path] = swap
                script.blocks[path] = FileBlocks(
                    fileSystem: .ext4, device: swapPath, size: 2048 << 12,
                    extents: [.init(offset: 0, deviceOffset: 512 << 12, size: 2048 << 12)])
                var disk = [UInt8](repeating: 0xd1, count: 8192 << 12)
                disk.store(emptySwap(pages: 2048)[..<4096], at: 512 << 12)
                script.devices[swapPath] = try? ScriptedDevice(disk, number: swapNumber)
            }
        case "update-initramfs":
            var archive = InitramfsArchive()
            _ = archive.addProgram("bin/kresume", [1, 2, 3])
            let bytes = archive.bytes()
            machine.change { $0.files[initrd] = bytes }
        default: break
        }
        return 0
    }

    private func setup(
        _ machine: ScriptedMachine, configured: ConfiguredLocation? = nil,
        _ recorded: RecordedReport = RecordedReport()
    ) -> Setup {
        var hibernate = Hibernate(machine, recorded.report)
        hibernate.configured = configured
        return Setup(hibernate)
    }

    private func text(_ path: FilePath, _ machine: ScriptedMachine) -> String {
        String(decoding: machine.script.files[path] ?? [], as: UTF8.self)
    }

    /// What is left on the system, but for kernel and initramfs.
    private func state(_ machine: ScriptedMachine) -> [FilePath: String] {
        var files = machine.script.files.filter { !$0.key.starts(with: "/boot") }
            .mapValues { String(decoding: $0, as: UTF8.self) }
        for path in ["/etc/fstab", "/etc/kresume.conf"] as [FilePath] {
            if let text = files[path], !text.hasSuffix("\n") { files[path] = text + "\n" }
        }
        return files
    }

    @Test func fromNothingAndBack() throws {
        let machine = try machine()
        let before = state(machine)
        let setup = setup(machine)
        let plan = try setup.plan()
        #expect(
            plan.text == """
                  1. make the swap file /swapfile, 1024 MiB, and use it from now on (/etc/fstab)
                  2. make the key of encrypted images, and ask for its passphrase (--no-encrypt: do not)
                  3. say in /etc/kresume.conf where images are
                  4. make systemctl hibernate use kresume (a link to \(Self.shared))
                  5. make systemctl suspend-then-hibernate use kresume (a link to \(Self.sharedToo))
                  6. make systemctl hybrid-sleep use kresume (a link to \(Self.sharedHybrid))
                  7. make the initramfs again (update-initramfs -u)
                """)
        #expect(plan.warnings.map { $0.hasPrefix("without UEFI systemctl") } == [true])
        // Nothing was done yet.
        #expect(machine.script.deeds == [])

        try setup.run(plan)
        #expect(
            machine.script.deeds.filter { $0.hasPrefix("run") || $0.hasPrefix("swapon") } == [
                "run fallocate -l 1073741824 /swapfile", "run mkswap /swapfile",
                "swapon /swapfile -1", "run systemctl daemon-reload", "run systemctl daemon-reload",
                "run systemctl daemon-reload", "run update-initramfs -u",
            ])
        // It was for root only before anything could be in it.
        #expect(machine.script.deeds.contains("write /swapfile"))
        #expect(
            text("/etc/fstab", machine) == """
                /dev/sda2 / ext4 defaults 0 1
                /swapfile none swap defaults 0 0

                """)
        #expect(
            text("/etc/kresume.conf", machine) == """
                # none
                #device = x
                device = /dev/sda2
                offset = 512

                """)
        #expect(machine.exists(KeyFilesHere.sealing) && machine.exists(KeyFilesHere.opening))
        #expect(Setup.verbs.allSatisfy { machine.exists(Setup.dropIn(for: $0)) })

        // Again: nothing is left to do.
        let configured = ConfiguredLocation(device: .path(swapPath), offsetPages: 512)
        let again = try self.setup(machine, configured: configured).plan()
        #expect(again.isEmpty && again.warnings == [], "\(again)")

        try self.setup(machine, configured: configured).undo()
        #expect(state(machine) == before)
        #expect(machine.script.swaps == [])
        #expect(machine.script.deeds.last == "run update-initramfs -u")
        #expect(throws: SetupError.nothingToUndo) { try setup.undo() }
    }

    /// Wherever it stops, it can be gone on with, or taken back.
    @Test(arguments: [true, false]) func whateverFails(goesOn: Bool) throws {
        for command in ["fallocate", "mkswap", "systemctl", "update-initramfs"] {
            let machine = try machine()
            let before = state(machine)
            machine.change { script in
                script.whenRun = { machine, text in
                    text.hasPrefix(command) ? 7 : Self.imitate(text, machine)
                }
            }
            let setup = setup(machine)
            let error = #expect(throws: SetupError.self) { try setup.run(setup.plan()) }
            guard case .failed(let text, status: 7) = error else {
                Issue.record("\(command): \(String(describing: error))")
                continue
            }
            #expect(text.hasPrefix(command))
            machine.change { $0.whenRun = { Self.imitate($1, $0) } }
            if goesOn {
                try setup.run(setup.plan())
                #expect(machine.script.swaps.map(\.path) == ["/swapfile"], "\(command)")
                let lines = self.text("/etc/fstab", machine).split(separator: "\n")
                #expect(lines.count == 2, "\(command): \(lines)")
                #expect(
                    Setup.verbs.allSatisfy { machine.exists(Setup.dropIn(for: $0)) }
                        && machine.exists(KeyFilesHere.sealing))
            }
            try setup.undo()
            #expect(state(machine) == before, "\(command)")
            #expect(machine.script.swaps == [], "\(command)")
        }
    }

    /// What was not made by us is not taken away: a passphrase was mistyped, and the user makes a key.
    @Test func aKeyOfTheUsersStays() throws {
        let machine = try machine()
        machine.change { $0.passphrases = ["secret", "secrets"] }
        let setup = setup(machine)
        #expect(throws: KeyError.self) { try setup.run(setup.plan()) }
        machine.change { $0.passphrases = ["own", "own"] }
        try ManageKeys(machine, RecordedReport().report).create()
        try setup.undo()
        #expect(machine.exists(KeyFilesHere.sealing) && machine.exists(KeyFilesHere.opening))

        machine.change { $0.files[KeyFilesHere.sealing] = nil }
        let error = #expect(throws: KeyError.self) { try setup.plan() }
        guard case .alreadyThere(KeyFilesHere.opening)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// The user's files are in whatever encoding they are.
    @Test func otherLinesStayAsTheyAre() throws {
        let machine = try machine()
        let latin: [UInt8] =
            Array("# caf".utf8) + [0xe9, 0x0a] + Array("\n/dev/sda2 / ext4\n".utf8)
        machine.change { $0.files["/etc/fstab"] = latin }
        let setup = setup(machine)
        try setup.run(setup.plan())
        #expect(machine.script.files["/etc/fstab"]?.starts(with: latin) == true)
        try setup.undo()
        #expect(machine.script.files["/etc/fstab"] == latin)
    }

    @Test func btrfsHasASubvolumeForIt() throws {
        let machine = try machine("btrfs")
        let setup = setup(machine)
        try setup.run(setup.plan())
        #expect(
            machine.script.deeds.filter { $0.hasPrefix("run") }.prefix(4) == [
                "run btrfs subvolume create /swap", "run chattr +C /swap/swapfile",
                "run fallocate -l 1073741824 /swap/swapfile", "run mkswap /swap/swapfile",
            ])
    }

    /// A swap partition in use, and `resume=` leads to it.
    @Test func whatIsThereStays() throws {
        let machine = try machine()
        let swap = try ScriptedDevice(
            emptySwap(pages: 4096), number: DeviceNumber(major: 8, minor: 3))
        machine.change { script in
            script.devices["/dev/sda3"] = swap
            script.swaps = [
                ActiveSwap(
                    path: "/dev/sda3", isBlockDevice: true, size: 4095 << 12, used: 0, priority: -2)
            ]
            script.commandLine = "resume=/dev/sda3"
        }
        var setup = setup(machine)
        setup.encrypts = false
        #expect(
            try setup.plan().steps == [
                .systemd(verb: "hibernate", dropIn: Self.shared),
                .systemd(verb: "suspend-then-hibernate", dropIn: Self.sharedToo),
                .systemd(verb: "hybrid-sleep", dropIn: Self.sharedHybrid),
                .initramfs(command: "update-initramfs -u"),
            ])
        machine.change { $0.commandLine = "resume=/dev/sda3 noresume" }
        let warnings = try setup.plan().warnings
        #expect(warnings.count == 1 && warnings[0].contains("forbids the resume"))
    }

    /// Where kresume's would fail, the kernel's hybrid sleep may work.
    @Test func withoutSuspendingToMemory() throws {
        let machine = try machine()
        machine.change { $0.canSuspendToMemory = false }
        let plan = try setup(machine).plan()
        #expect(plan.text.contains("make systemctl suspend-then-hibernate use kresume"))
        #expect(!plan.text.contains("hybrid-sleep"))
    }

    /// The kernel writes the image: no key, for a boot with a key would not take it.
    @Test func withoutKexecJump() throws {
        let machine = try machine()
        machine.change { $0.kexecJumpSupport = .unknownFlag }
        let plan = try setup(machine).plan()
        #expect(plan.warnings.count == 2 && plan.warnings[0].contains("CONFIG_KEXEC_JUMP"))
        #expect(
            !plan.steps.contains(.key)
                && !plan.steps.contains(.systemd(verb: "hibernate", dropIn: Self.shared)))
        #expect(plan.steps.contains(.location))
    }

    @Test func grubIsTold() throws {
        let machine = try machine()
        machine.change {
            $0.files["/etc/default/grub.d"] = []
            $0.files["/usr/sbin/update-grub"] = []
        }
        let before = state(machine)
        let setup = setup(machine)
        #expect(try setup.plan().warnings == [])
        try setup.run(setup.plan())
        #expect(
            text(Setup.grubFile, machine)
                .contains(#"="$GRUB_CMDLINE_LINUX resume=/dev/sda2 resume_offset=512""#))
        #expect(machine.script.deeds.contains("run update-grub"))
        try setup.undo()
        #expect(state(machine) == before)
    }

    /// The script, which writes down what it has made.
    private static let script: FilePath = "/usr/share/kresume/resume-initramfs"

    private func withLoader(_ loader: BootLoader) throws -> ScriptedMachine {
        let machine = try machine()
        machine.change { script in
            ResumeEntryTests.add(loader, to: &script)
            script.files[ResumeEntry.note] = nil
            script.files[Self.script] = []
            script.files[Self.initrd] = nil
            script.whenRun = { machine, command in
                let words = command.split(separator: " ").map(String.init)
                guard words[0] == "resume-initramfs" else { return Self.imitate(command, machine) }
                machine.change { script in
                    script.files[ResumeEntry.note] =
                        words[1] == "remove"
                        ? nil : Array("loader \(words[3])\nrelease \(words[4])\n".utf8)
                    script.times[ResumeEntry.note] = 200
                }
                return 0
            }
        }
        return machine
    }

    @Test(arguments: [BootLoader.grub, .systemdBoot])
    func aResumeInitramfsIsMadeAndKept(loader: BootLoader) throws {
        let machine = try withLoader(loader)
        let before = state(machine)
        var setup = setup(machine)
        setup.makesResumeEntry = true
        let plan = try setup.plan()
        #expect(
            plan.text.split(separator: "\n").last == """
                  \(plan.steps.count). make an initramfs of Linux 6.12.1-test without graphics and network, \
                only to resume, which \(loader.name) starts once after a hibernation
                """)
        try setup.run(plan)
        let made =
            "run resume-initramfs make update-initramfs \(loader.rawValue) 6.12.1-test "
            + "/boot/vmlinuz-6.12.1-test"
        #expect(machine.script.deeds.last == made)

        // Nothing is left to do, asked for or not, until the initramfs is another one.
        let configured = ConfiguredLocation(device: .path(swapPath), offsetPages: 512)
        for asked in [true, false] {
            var again = self.setup(machine, configured: configured)
            again.makesResumeEntry = asked
            #expect(try again.plan().isEmpty)
            try again.refresh()
        }
        #expect(machine.script.deeds.filter { $0 == made }.count == 1)
        machine.change { $0.times[Self.initrd] = 300 }
        #expect(
            try self.setup(machine, configured: configured).plan().steps
                == [.resumeEntry(loader, release: "6.12.1-test")])
        try self.setup(machine).refresh()
        #expect(machine.script.deeds.last == made)

        try self.setup(machine, configured: configured).undo()
        #expect(machine.script.deeds.contains("run resume-initramfs remove"))
        #expect(state(machine) == before)
    }

    /// Without one, a hook does nothing; and what a hook has made is not made again.
    @Test func aResumeInitramfsIsMadeOnce() throws {
        let machine = try withLoader(.grub)
        try setup(machine).refresh()
        #expect(machine.script.deeds == [])
        let imitate = machine.script.whenRun
        machine.change { script in
            script.whenRun = { machine, command in
                let status = imitate(machine, command)
                if command == "update-initramfs -u" {
                    return imitate(machine, "resume-initramfs make x grub 6.12.1-test y")
                }
                return status
            }
        }
        var setup = setup(machine)
        setup.makesResumeEntry = true
        try setup.run(setup.plan())
        #expect(!machine.script.deeds.contains { $0.hasPrefix("run resume-initramfs") })
    }

    @Test func whereNoEntryCanBeStartedOnce() throws {
        let machine = try withLoader(.grub)
        var setup = setup(machine)
        setup.makesResumeEntry = true
        for (fileSystem, source) in [
            ("btrfs", "/dev/sda2"), ("ext4", "/dev/mapper/vg-root"), ("ext4", "/dev/md0"),
        ] {
            machine.change { script in
                script.mounts[0].fileSystem = fileSystem
                script.mounts[0].source = source
            }
            #expect(throws: SetupError.readOnlyForGRUB(ResumeEntryTests.grubenv)) {
                try setup.plan()
            }
        }
        machine.change { $0.files[ResumeEntryTests.grubenv] = nil }
        #expect(throws: SetupError.noBootLoader) { try setup.plan() }
        // One that was made is no reason to refuse what else is to be done.
        machine.change { script in
            script.mounts[0].fileSystem = "ext4"
            script.files[ResumeEntry.note] = Array("loader grub\nrelease 6.12.1-test\n".utf8)
        }
        setup.makesResumeEntry = false
        let plan = try setup.plan()
        #expect(!plan.isEmpty && plan.warnings.contains { $0.hasPrefix("neither systemd-boot") })
    }

    private struct Refusal {
        var words: String
        var change: @Sendable (inout ScriptedMachine.Script) -> Void
        var swapFile: FilePath?
    }

    @Test func refusals() throws {
        let refusals = [
            Refusal(words: "this needs root") { $0.capabilities = [] },
            Refusal(words: "install initramfs-tools, dracut or mkinitcpio") {
                $0.files["/usr/sbin/update-initramfs"] = nil
            },
            Refusal(words: "a swap file of 1024 MiB does not fit on /, which has 1000 MiB free") {
                $0.freeSpace = 1000 << 20
            },
            Refusal(words: "/tmp is on tmpfs", change: { _ in }, swapFile: "/tmp/swap"),
            Refusal(words: "/swapfile is there, and is not swap in use") {
                $0.files["/swapfile"] = [1]
            },
            Refusal(words: "line 2 of /etc/kresume/setup makes no sense") {
                $0.files[SetupNote.path] = Array("key\nswap-file x\n".utf8)
            },
        ]
        for refusal in refusals {
            let machine = try machine()
            machine.change(refusal.change)
            var setup = setup(machine)
            setup.swapFile = refusal.swapFile
            var said = "done"
            do { try setup.run(setup.plan()) } catch { said = explanation(of: error) }
            #expect(said.contains(refusal.words))
            #expect(!machine.script.deeds.contains { $0.hasPrefix("run") }, "\(refusal.words)")
        }
    }

    /// mkinitcpio reads what we write by bash.
    @Test(arguments: [
        ("base udev block filesystems fsck", "base udev block kresume filesystems fsck"),
        ("base udev resume filesystems", "base udev kresume resume filesystems"),
        ("base systemd filesystems", "base systemd sd-kresume filesystems"),
        ("base kresume filesystems", "base kresume filesystems"),
        ("base udev block", "base udev block kresume"),
    ])
    func hooksOfMkinitcpio(hooks: String, expected: String) throws {
        // Old configurations have a string.
        for list in ["(\(hooks))", "\"\(hooks)\""] {
            #expect(try self.hooks(after: "HOOKS=\(list)") == expected)
        }
    }

    private func hooks(after configuration: String) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = [
            "-euc", "\(configuration)\n\(MkinitcpioHook.contents)\necho \"${HOOKS[*]}\"",
        ]
        process.standardOutput = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(String(decoding: said, as: UTF8.self).dropLast())
    }

    /// A preset may pass over what we write.
    @Test(arguments: [true, false]) func tellsWhereMkinitcpioHasNoKresume(isIn: Bool) throws {
        let machine = try machine()
        machine.change { script in
            script.files["/usr/sbin/update-initramfs"] = nil
            script.files["/usr/bin/mkinitcpio"] = []
            script.files["/etc/mkinitcpio.conf"] = Array("HOOKS=(base filesystems)\n".utf8)
            script.whenRun = { machine, command in
                guard command == "mkinitcpio -P" else { return Self.imitate(command, machine) }
                var archive = InitramfsArchive()
                _ = archive.addProgram(isIn ? "usr/bin/kresume" : "init", [1, 2, 3])
                let bytes = archive.bytes()
                machine.change { $0.files[Self.initrd] = bytes }
                return 0
            }
        }
        let recorded = RecordedReport()
        let setup = setup(machine, recorded)
        try setup.run(setup.plan())
        #expect(machine.exists(MkinitcpioHook.file))
        let said = recorded.lines.filter { $0.contains("is not in") || $0.contains("passes over") }
        #expect(said.count == (isIn ? 0 : 2), "\(recorded.lines)")
    }
}
