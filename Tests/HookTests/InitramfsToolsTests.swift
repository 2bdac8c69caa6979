// SPDX-License-Identifier: GPL-2.0-or-later

import Testing

/// The API is that of initramfs-tools(7).
@Suite struct InitramfsToolsTests {
    @Test(arguments: [
        ("initramfs-hooks/hooks/kresume", ""),
        ("initramfs-hooks/scripts/local-premount/kresume", ""),
        ("initramfs-hooks/scripts/local-top/kresume", "cryptroot"),
    ])
    func namesWhatComesBefore(path: String, prerequisites: String) throws {
        let hook = Hook(path: path, shell: ["busybox", "ash"], standIns: [])
        let calls = prerequisites.isEmpty ? [] : [prerequisites]
        #expect(
            try hook.run("echo not reached", arguments: ["prereqs"])
                == Hook.Outcome(calls: calls, status: 0))
    }

    @Test func installsTheBinary() throws {
        let hook = Hook(
            path: "initramfs-hooks/hooks/kresume", standIns: ["copy_exec", "manual_add_modules"],
            files: ["/usr/share/initramfs-tools/hook-functions": ""])
        #expect(
            try hook.run()
                == Hook.Outcome(
                    calls: ["copy_exec kresume", "manual_add_modules evdev button"], status: 0))
    }

    @Test func installsTheConfiguration() throws {
        let hook = Hook(
            path: "initramfs-hooks/hooks/kresume", standIns: ["copy_exec", "manual_add_modules"],
            files: [
                "/usr/share/initramfs-tools/hook-functions": "", "/etc/kresume.conf": "wait = 1",
            ], variables: ["DESTDIR": "made/"])
        // The path in the initramfs is replaced as well.
        #expect(
            try hook.run("cat made/file0 >&3; echo >&3").calls
                == ["copy_exec kresume", "manual_add_modules evdev button", "wait = 1"])
    }

    @Test(arguments: [
        ("", "resolve_device", "kresume", ["kresume resume --unattended"]),
        ("", "resolve_device", "kresume=1", ["kresume resume --unattended"]),
        (
            "UUID=a b", "resolve_device", "kresume",
            ["resolve_device UUID=a b", "kresume resume --unattended --default=UUID=a b"]
        ),
        (
            "UUID=a", "resolve_device=1", "kresume",
            [
                "resolve_device UUID=a", "local_block UUID=a",
                "kresume resume --unattended --default=UUID=a",
            ]
        ),
    ])
    func resumes(resume: String, resolve: String, kresume: String, calls: [String]) throws {
        let hook = Hook(
            path: "initramfs-hooks/scripts/local-premount/kresume", shell: ["busybox", "ash"],
            standIns: [resolve, "local_block", kresume],
            files: ["/scripts/functions": "", "/scripts/local": ""],
            variables: ["resume": resume])
        #expect(try hook.run("exit $?") == Hook.Outcome(calls: calls, status: 0))
    }

    @Test(arguments: [
        ("root=/dev/vda1 quiet", []),
        (
            "quiet kresume.save=abc",
            [
                "wait_for_udev 10", "kresume save", "kresume save --back",
                "panic kresume: neither saved nor gone back; the hibernated system is lost at "
                    + "power-off",
            ]
        ),
    ])
    func saves(commandLine: String, calls: [String]) throws {
        let hook = Hook(
            path: "initramfs-hooks/scripts/local-top/kresume", shell: ["busybox", "ash"],
            standIns: ["wait_for_udev", "kresume=1", "panic"],
            files: ["/scripts/functions": "", "/proc/cmdline": commandLine])
        #expect(try hook.run() == Hook.Outcome(calls: calls, status: 0))
    }
}
