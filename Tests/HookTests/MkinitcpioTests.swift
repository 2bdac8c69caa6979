// SPDX-License-Identifier: GPL-2.0-or-later

import Testing

/// mkinitcpio's API is that of mkinitcpio(8), section "About install hooks" and "runtime hooks".
@Suite struct MkinitcpioTests {
    @Test func installsTheBinaryAndTheHook() throws {
        let hook = Hook(
            path: "mkinitcpio/install/kresume", shell: ["bash"],
            standIns: ["add_binary", "add_module", "add_runscript"])
        #expect(
            try hook.run("build")
                == Hook.Outcome(
                    calls: [
                        "add_binary kresume", "add_module evdev?", "add_module button?",
                        "add_module efivarfs?",
                        "add_runscript",
                    ], status: 0))
    }

    @Test(arguments: ["mkinitcpio/install/kresume", "mkinitcpio/install/sd-kresume"])
    func installsTheConfiguration(path: String) throws {
        var hook = Hook(
            path: path, shell: ["bash"],
            standIns: [
                "add_binary", "add_module", "add_runscript", "add_systemd_unit", "add_symlink",
                "add_file",
            ])
        #expect(try !hook.run("build").calls.contains("add_file ./missing"))
        hook.files = ["/etc/kresume.conf": ""]
        #expect(try hook.run("build").calls.contains("add_file ./file0"))
    }

    @Test(arguments: ["mkinitcpio/install/kresume", "mkinitcpio/install/sd-kresume"])
    func installsTheKey(path: String) throws {
        var hook = Hook(
            path: path, shell: ["bash"],
            standIns: [
                "add_binary", "add_module", "add_runscript", "add_systemd_unit", "add_symlink",
                "add_file",
            ])
        let line = "add_file ./file0 ./file0 600"
        #expect(try !hook.run("build").calls.contains(line))
        hook.files = ["/etc/kresume/image-key": ""]
        let calls = try hook.run("build").calls
        #expect(calls.contains(line))
        for call in [
            "add_binary systemd-ask-password",
            "add_systemd_unit systemd-ask-password-console.path",
            "add_systemd_unit systemd-ask-password-console.service",
        ] { #expect(calls.contains(call) == path.hasSuffix("sd-kresume")) }
    }

    /// What systemd takes to open a credential by the TPM, as far as this machine has it.
    @Test(arguments: [true, false]) func installsTheCredential(hasShell: Bool) throws {
        let generator = "/usr/lib/systemd/system-generators/systemd-tpm2-generator"
        var hook = Hook(
            path: "mkinitcpio/install/sd-kresume", shell: ["bash"],
            standIns: [
                "add_binary", "add_module", "add_all_modules", "add_systemd_unit", "add_symlink",
                "add_file",
            ],
            files: [
                "/etc/credstore.encrypted/kresume.image-key": "", "/lib/libtss2-esys.so.0": "",
                generator: "", "/usr/lib/systemd/system/tpm2.target": "",
            ])
        hook.variables = ["BUILDROOT": "/nowhere"]
        if hasShell { hook.files["${BUILDROOT}/usr/bin/sh"] = "" }
        let credential = hasShell ? 1 : 0
        let library = "./file\(credential + 1)"
        let libraries = """
            ldconfig() {
                printf '\\t%s (libc6,x86-64) => %s\\n' libtss2-esys.so.0 \(library) \
                    libtss2-mu.so.0 ./missing libz.so.1 ./file0
            }
            """
        let calls = try hook.run("\(libraries)\nbuild").calls
        #expect(calls.contains("add_file ./file\(credential)"))
        #expect(
            calls.filter { $0.hasPrefix("add_binary ./") }
                == ["add_binary \(library)", "add_binary ./file\(credential + 2)"])
        #expect(calls.contains("add_systemd_unit tpm2.target"))
        #expect(calls.contains("add_binary /usr/bin/sh") != hasShell)
    }

    @Test func installsTheUnits() throws {
        let hook = Hook(
            path: "mkinitcpio/install/sd-kresume", shell: ["bash"],
            standIns: ["add_module", "add_systemd_unit", "add_symlink", "add_file"])
        let units = "/usr/lib/systemd/system"
        let wants = "\(units)/sysinit.target.wants"
        #expect(
            try hook.run("build").calls == [
                "add_module evdev?", "add_module button?", "add_module efivarfs?",
                "add_systemd_unit kresume-resume.service",
                "add_symlink \(wants)/kresume-resume.service ../kresume-resume.service",
                "add_systemd_unit kresume-save.service",
                "add_symlink \(wants)/kresume-save.service ../kresume-save.service",
                "add_file \(units)/systemd-hibernate-resume.service.d/kresume.conf",
                "add_file \(units)/systemd-hibernate-resume@.service.d/kresume.conf",
            ])
    }

    @Test(arguments: ["mkinitcpio/install/kresume", "mkinitcpio/install/sd-kresume"])
    func explainsItself(path: String) throws {
        let hook = Hook(path: path, shell: ["bash"], standIns: [])
        let help = try hook.run("help").calls
        // bash has a command of this name itself.
        #expect(help.first?.hasPrefix("Brings a hibernated machine back") == true)
    }

    @Test(arguments: [
        ("quiet resume=/dev/vda2\n", "kresume", ["kresume resume --unattended"]),
        // There is an image and it cannot be used: the boot goes on.
        ("quiet", "kresume=1", ["kresume resume --unattended"]),
        ("notkresume.save=1 x=kresume.save=1", "kresume", ["kresume resume --unattended"]),
        (
            "kresume.save=abc quiet", "kresume=1",
            [
                "kresume save", "kresume save --back", "err kresume: neither saved nor gone back",
                "launch_interactive_shell --exec",
            ]
        ),
    ])
    func runs(commandLine: String, kresume: String, calls: [String]) throws {
        let hook = Hook(
            path: "mkinitcpio/hooks/kresume", shell: ["busybox", "ash"],
            standIns: [kresume, "err", "launch_interactive_shell"],
            files: ["/proc/cmdline": commandLine])
        #expect(try hook.run("run_hook") == Hook.Outcome(calls: calls, status: 0))
    }

    /// What kresume has refused for good, the tool's own hook does not resume: init runs none that is not
    /// executable.
    @Test(arguments: [true, false]) func othersResumeWhatTheyMay(isForbidden: Bool) throws {
        let note = "/run/kresume/no-other-resume"
        let hook = Hook(
            path: "mkinitcpio/hooks/kresume", shell: ["busybox", "ash"],
            standIns: ["kresume", "chmod"],
            files: ["/proc/cmdline": "quiet", "/hooks/resume": ""].merging(
                isForbidden ? [note: ""] : [:]
            ) { $1 })
        #expect(
            try hook.run("run_hook").calls
                == ["kresume resume --unattended"] + (isForbidden ? ["chmod 644 ./file0"] : []))
    }
}
