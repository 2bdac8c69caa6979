// SPDX-License-Identifier: GPL-2.0-or-later

import Testing

/// The API is that of initramfs-tools(7).
@Suite struct InitramfsToolsTests {
    @Test(arguments: [
        ("initramfs-hooks/hooks/kresume", ""),
        ("initramfs-hooks/scripts/local-premount/kresume", ""),
        ("initramfs-hooks/scripts/local-top/kresume", ""),
    ])
    func namesWhatComesBefore(path: String, prerequisites: String) throws {
        let hook = Hook(path: path, shell: ["busybox", "ash"], standIns: [])
        let calls = prerequisites.isEmpty ? [] : [prerequisites]
        #expect(
            try hook.run("echo not reached", arguments: ["prereqs"])
                == Hook.Outcome(calls: calls, status: 0))
    }

    /// In their order there must be no loop: cryptroot names all others itself.
    @Test func theSaverComesLastButForCryptroot() throws {
        let hook = Hook(
            path: "initramfs-hooks/scripts/local-top/kresume", shell: ["busybox", "ash"],
            standIns: [], files: ["/scripts/functions": "", "/proc/cmdline": ""])
        #expect(
            try hook.run(
                "echo not reached", arguments: ["prereqs"], beside: ["cryptroot", "lvm2", "mdadm"])
                == Hook.Outcome(calls: ["file0", "file1", "lvm2", "mdadm"], status: 0))
    }

    @Test func installsTheBinary() throws {
        let hook = Hook(
            path: "initramfs-hooks/hooks/kresume", standIns: ["copy_exec", "manual_add_modules"],
            files: ["/usr/share/initramfs-tools/hook-functions": ""])
        #expect(
            try hook.run()
                == Hook.Outcome(
                    calls: [
                        "copy_exec kresume", "manual_add_modules evdev button",
                        "manual_add_modules efivarfs",
                    ], status: 0))
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
                == [
                    "copy_exec kresume", "manual_add_modules evdev button",
                    "manual_add_modules efivarfs", "wait = 1",
                ])
    }

    /// Only where there is one, and then nobody but root reads the initramfs.
    @Test func installsTheKey() throws {
        var hook = Hook(
            path: "initramfs-hooks/hooks/kresume", standIns: ["copy_exec", "manual_add_modules"],
            files: [
                "/usr/share/initramfs-tools/hook-functions": "", "/etc/kresume/image-key": "key",
            ], variables: ["DESTDIR": "made/"])
        #expect(
            try hook.run("find made -type f; cat \"$(find made -type f)\"; echo").calls.suffix(2)
                == ["made/file0", "key"])
        hook = Hook(path: "initramfs-hooks/conf-hooks.d/kresume", standIns: [])
        let say = "echo \"umask ${UMASK-none}\""
        #expect(try hook.run("\(say)").calls == ["umask none"])
        hook.files = ["/etc/kresume/image-key": ""]
        #expect(try hook.run("\(say)").calls == ["umask 0077"])
    }

    @Test(arguments: [
        // The tool makes this of RESUME=none, resume=none and noresume.
        ("", "", "resolve_device", "kresume", ["kresume resume --unattended"]),
        ("", "", "resolve_device", "kresume=1", ["kresume resume --unattended"]),
        (
            "UUID=a b", "", "resolve_device", "kresume",
            ["resolve_device UUID=a b", "kresume resume --unattended --default=UUID=a b"]
        ),
        (
            "UUID=a", "", "resolve_device=1", "kresume",
            [
                "resolve_device UUID=a", "local_block UUID=a",
                "kresume resume --unattended --default=UUID=a",
            ]
        ),
        // Of conf.d, or of the kernel command line; what is not a number is kresume's to say.
        (
            "UUID=a", "12 k", "resolve_device", "kresume",
            [
                "resolve_device UUID=a",
                "kresume resume --unattended --default=UUID=a --default-offset=12 k",
            ]
        ),
    ])
    func resumes(
        resume: String, offset: String, resolve: String, kresume: String, calls: [String]
    ) throws {
        let hook = Hook(
            path: "initramfs-hooks/scripts/local-premount/kresume", shell: ["busybox", "ash"],
            standIns: [resolve, "local_block", kresume],
            files: ["/scripts/functions": "", "/scripts/local": ""],
            variables: ["resume": resume, "resume_offset": offset])
        #expect(try hook.run("exit $?") == Hook.Outcome(calls: calls, status: 0))
    }

    /// What kresume has refused for good, the tool's own script does not resume.
    @Test(arguments: [true, false]) func othersResumeWhatTheyMay(isForbidden: Bool) throws {
        let note = "/run/kresume/no-other-resume"
        let hook = Hook(
            path: "initramfs-hooks/scripts/local-premount/kresume", shell: ["busybox", "ash"],
            standIns: ["resolve_device", "local_block", "kresume"],
            files: [
                "/scripts/functions": "", "/scripts/local": "", "/conf/param.conf": "ROOT=a\n",
            ].merging(isForbidden ? [note: ""] : [:]) { $1 },
            variables: ["resume": "/dev/vda2"])
        // Each script is followed by that.
        let calls = try hook.run(". ./file0; echo \"resume ${resume}\"").calls
        #expect(calls.last == (isForbidden ? "resume " : "resume /dev/vda2"))
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
