// SPDX-License-Identifier: GPL-2.0-or-later

import Testing

/// The API is that of dracut.modules(7).
@Suite struct DracutTests {
    @Test func installsTheBinaryAndTheConfiguration() throws {
        let hook = Hook(
            path: "dracut/50kresume/module-setup.sh", shell: ["bash"],
            standIns: [
                "inst_simple", "inst_multiple", "inst_script", "inst_rules", "inst_hook",
                "dracut_module_included=1",
            ])
        #expect(
            try Hook(
                path: "dracut/50kresume/module-setup.sh", shell: ["bash"], standIns: ["instmods"]
            ).run("installkernel").calls == ["instmods evdev button efivarfs"])
        // With -o what is missing is left out.
        #expect(
            try hook.run("install").calls.prefix(3)
                == [
                    "inst_simple kresume", "inst_multiple -o ./missing",
                    "inst_multiple -o /etc/kresume/image-key "
                        + "/etc/credstore.encrypted/kresume.image-key systemd-ask-password",
                ])
    }

    /// The queue is a module of its own in some versions only.
    @Test(arguments: [false, true], ["base/modules.d/77initqueue", "base/modules.d/74resume"])
    func asksForTheQueue(hasSystemd: Bool, module: String) throws {
        let hook = Hook(
            path: "dracut/50kresume/module-setup.sh", shell: ["bash"],
            standIns: ["dracut_module_included=\(hasSystemd ? 0 : 1)"],
            variables: ["dracutbasedir": "./base"])
        let outcome = try hook.run("depends", first: "mkdir -p \(module)")
        let asks = !hasSystemd && module.hasSuffix("initqueue")
        #expect(
            outcome.calls == ["base", "dracut_module_included systemd"]
                + (asks ? ["initqueue"] : []))
        #expect(outcome.status == 0)
    }

    /// What systemd opens the credential with.
    @Test func installsWhatAsksTheTPM() throws {
        let hook = Hook(
            path: "dracut/50kresume/module-setup.sh", shell: ["bash"],
            standIns: [
                "inst_simple", "inst_multiple", "inst_libdir_file", "dracut_module_included",
                "ln_r",
                "instmods",
            ], files: ["/etc/credstore.encrypted/kresume.image-key": "sealed"],
            variables: ["systemdutildir": "/s", "systemdsystemunitdir": "/u"])
        #expect(try hook.run("installkernel").calls.last == "instmods =drivers/char/tpm")
        let calls = try hook.run("install").calls
        #expect(calls.contains { $0.hasPrefix("inst_libdir_file libtss2-esys.so.* libtss2-sys") })
        #expect(
            calls.contains(
                "inst_multiple -o /s/system-generators/systemd-tpm2-generator /u/tpm2.target"))
    }

    /// What kresume has refused for good, dracut's own ways do not resume.
    @Test(arguments: [true, false]) func othersResumeWhatTheyMay(isForbidden: Bool) throws {
        let note = "/run/kresume/no-other-resume"
        let hook = Hook(
            path: "dracut/50kresume/kresume-resume.sh",
            standIns: ["getarg=1", "kresume", "udevadm"],
            files: [
                "/.resume": "a", "/etc/udev/rules.d/99-resume.rules": "b", "/lib/dracut-lib.sh": "",
            ].merging(isForbidden ? [note: ""] : [:]) { $1 },
            variables: ["hookdir": "./hooks"])
        let calls = try hook.run(
            "[ ! -s ./file0 ] || echo device; [ ! -e ./file1 ] || echo rule"
        ).calls
        #expect(
            calls.suffix(from: 2)
                == ["kresume resume --unattended"]
                + (isForbidden
                    ? ["udevadm control --reload", "udevadm settle --timeout=30"]
                    : ["device", "rule"]))
    }
}
