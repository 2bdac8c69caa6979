// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// md arrays that write nothing by themselves: a write that comes when the disks are suspended may keep the
/// machine from going on for ever. See ``MDArray``.
///
/// In between nothing is said.
final class QuietArrays {
    private let machine: any Machine
    private let undo: UndoList
    /// In the order in which they were changed.
    private var old: [(name: String, setting: MDArray.Setting, value: String)] = []

    /// In milliseconds. One that others write to all the time does not become clean.
    private static let patience = 1000

    init(_ machine: any Machine, _ undo: UndoList) {
        self.machine = machine
        self.undo = undo
    }

    deinit { release() }

    func quieten() throws(PlatformError) {
        let names = try machine.arrays()
        for name in names {
            try change(name, .syncAction, to: "frozen")
            // At once, for what was written until now.
            try change(name, .safeModeDelay, to: "0.001")
        }
        for name in names {
            try machine.waitUntilClean(array: name, milliseconds: Self.patience)
            // Waits until the mark is written: md's lock is held for so long.
            try again(name, .syncAction, "frozen")
            try again(name, .safeModeDelay, "0")
            try change(name, .bitmapDelay, to: "86400")
        }
    }

    /// They go on as before. The kernel would not have let us set a value that it does not take again.
    func release() {
        while let (name, setting, value) = old.popLast() {
            if (try? machine.setArray(name, setting, to: value)) != nil {
                undo.remove(.array(name, setting, value: value))
            }
        }
    }

    private func change(
        _ name: String, _ setting: MDArray.Setting, to value: String
    ) throws(PlatformError) {
        // One without a bitmap looks at it every 0 seconds, and would not take that again.
        guard var before = try machine.arraySetting(setting, of: name), before != "0" else {
            return
        }
        // What the kernel had begun by itself it goes on with; what was asked for is to be asked for again.
        let isAskedFor = ["frozen", "check", "repair"].contains(before)
        if setting == .syncAction, !isAskedFor { before = "idle" }
        undo.add(.array(name, setting, value: before))
        old.append((name, setting, before))
        try machine.setArray(name, setting, to: value)
    }

    private func again(
        _ name: String, _ setting: MDArray.Setting, _ value: String
    ) throws(PlatformError) {
        guard old.contains(where: { $0.name == name && $0.setting == setting }) else { return }
        try machine.setArray(name, setting, to: value)
    }
}
