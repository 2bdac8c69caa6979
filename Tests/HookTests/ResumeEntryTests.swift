// SPDX-License-Identifier: GPL-2.0-or-later

import Testing

/// What systemd-sleep, kernels and grub-mkconfig run where there is a resume initramfs.
@Suite struct ResumeEntryTests {
    private static let note = "/etc/kresume/resume-entry"

    @Test(arguments: [
        ("pre", "hibernate", "hibernate", "resume"), ("post", "hibernate", "hibernate", "usual"),
        ("pre", "hybrid-sleep", "hybrid-sleep", "resume"),
        ("pre", "suspend-then-hibernate", "suspend", ""),
        ("post", "suspend-then-hibernate", "suspend", "usual"),
        ("pre", "suspend-then-hibernate", "hibernate", "resume"), ("pre", "suspend", "suspend", ""),
        ("pre", "hibernate", "", "resume"),
    ])
    func marksBeforeAndAfter(when: String, verb: String, action: String, next: String) throws {
        var hook = Hook(
            path: "resume-entry/system-sleep", standIns: ["kresume"],
            variables: action.isEmpty ? [:] : ["SYSTEMD_SLEEP_ACTION": action])
        #expect(try hook.run(arguments: [when, verb]).calls == [])
        hook.files = [Self.note: ""]
        let calls = next.isEmpty ? [] : ["kresume setup --next-boot=\(next)"]
        #expect(try hook.run(arguments: [when, verb]).calls == calls)
    }

    @Test func refreshes() throws {
        var hook = Hook(path: "resume-entry/refresh", standIns: ["kresume=1"])
        #expect(try hook.run().calls == [])
        hook.files = [Self.note: ""]
        #expect(try hook.run() == Hook.Outcome(calls: ["kresume setup --refresh"], status: 0))
        // While it is being made.
        hook.variables = ["KRESUME_MAKES_RESUME_INITRAMFS": "yes"]
        #expect(try hook.run().calls == [])
    }

    /// In the menu of the boot that is to start it, and in no other.
    @Test func grubHasItOnce() throws {
        var hook = Hook(
            path: "resume-entry/grub-entry",
            standIns: ["make_system_path_relative_to_its_root", "prepare_grub_to_access_device"],
            variables: [
                "pkgdatadir": ".", "GRUB_DEVICE": "/dev/sda2", "GRUB_DEVICE_UUID": "ab-cd",
                "GRUB_CMDLINE_LINUX": "quiet", "GRUB_FS": "ext4",
            ])
        let menu = { try hook.run(beside: ["grub-mkconfig_lib"]).calls }
        #expect(try menu() == [])
        let note = "\nrelease 6.12.1\nfile ./file0\nfile /bin/sh\nfile /etc/grub.d/42_kresume\n"
        // By the pattern that it looks for, which is replaced as well.
        hook.files = ["/boot/kresume-": "image", Self.note: "loader grub" + note]
        let lines = try menu()
        #expect(
            lines.filter { !$0.hasPrefix("make_") } == [
                "prepare_grub_to_access_device /dev/sda2",
                "if [ \"${default}\" = kresume ]; then",
                "menuentry 'Resume from hibernation (kresume)' --id kresume {",
                "linux  root=UUID=ab-cd ro  quiet  kresume.entry", "initrd ", "}", "fi",
            ])
        #expect(
            lines.filter { $0.hasPrefix("make_") } == [
                "make_system_path_relative_to_its_root /bin/sh",
                "make_system_path_relative_to_its_root ./file0",
            ])
        hook.files[Self.note] = "loader systemd-boot" + note
        #expect(try menu() == [])
    }
}
