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
            ).run("installkernel").calls == ["instmods evdev button"])
        // With -o what is missing is left out.
        #expect(
            try hook.run("install").calls.prefix(2)
                == ["inst_simple kresume", "inst_multiple -o ./missing"])
    }
}
