// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

/// Escape and the power key, from keyboards and from a terminal.
@Suite struct CancelKeyTests {
    /// What is typed, with the milliseconds at which it is read.
    @Test(
        arguments: [
            ([("", 0)], false),
            ([("a", 0), ("", 500)], false),
            ([("\u{1b}", 0)], false),
            ([("\u{1b}", 0), ("", 199)], false),
            ([("\u{1b}", 0), ("", 200)], true),
            ([("a\u{1b}", 0), ("", 200)], true),
            // Twice, and not sure whether once.
            ([("\u{1b}\u{1b}", 0)], true),
            ([("\u{1b}", 0), ("\u{1b}", 10)], true),
            // An arrow, also in pieces, also when it is looked at late; Alt and x; F5.
            ([("\u{1b}[A", 0), ("", 500)], false),
            ([("\u{1b}", 0), ("[", 150), ("A", 300), ("", 900)], false),
            ([("\u{1b}", 0), ("[A", 700), ("", 1400)], false),
            ([("\u{1b}x", 0), ("", 500)], false),
            ([("\u{1b}[15~\u{1b}[15~", 0), ("", 500)], false),
            ([("\u{1b}[A\u{1b}", 0), ("", 200)], true),
        ] as [([(String, UInt64)], Bool)])
    func loneEscape(typed: [(text: String, time: UInt64)], isPressed: Bool) {
        var escape = LoneEscape()
        var found: [Bool] = []
        for (text, time) in typed {
            found.append(escape.take(text.utf8, at: 1_000_000_000 + time * 1_000_000))
        }
        #expect(found.contains(true) == isPressed)
        // And not before the last.
        #expect(!found.dropLast().contains(true))
    }

    private static func event(_ type: UInt16, _ code: UInt16, _ value: UInt32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0x77, count: 24)
        bytes.store(type, at: 16)
        bytes.store(code, at: 18)
        bytes.store(value, at: 20)
        return bytes
    }

    @Test(
        arguments: [
            ([], nil),
            ([(1, 1, 1)], .escape),
            ([(1, 116, 1)], .power),
            // Let go, repeated; another key; another kind of event.
            ([(1, 1, 0)], nil), ([(1, 1, 2)], nil), ([(1, 30, 1)], nil), ([(4, 1, 1)], nil),
            ([(4, 4, 1), (1, 1, 1), (0, 0, 0)], .escape),
        ] as [([(UInt16, UInt16, UInt32)], CancelKey?)])
    func inputEvents(events: [(UInt16, UInt16, UInt32)], key: CancelKey?) {
        let bytes = events.flatMap { Self.event($0.0, $0.1, $0.2) }
        #expect(InputEvents.key(in: bytes) == key)
        #expect(InputEvents.key(in: bytes.dropLast()) == nil || events.count > 1)
    }

    /// A keyboard that comes when it is being waited, and goes.
    @Test(.timeLimit(.minutes(1))) func devicesComeAndGo() throws {
        let tree = try TemporaryTree()
        let keys = CancelKeys(
            devices: tree.root.appending("input"), console: "/does/not/exist", lookInterval: 0)
        keys.watch(.devices)
        #expect(keys.descriptors.isEmpty && keys.pressed() == nil)
        try tree.write([], to: "input/mouse0")
        let path = tree.root.appending("input/event3")
        #expect(path.withPlatformString { mkfifo($0, 0o600) } == 0)
        let writer = path.withPlatformString { open($0, O_RDWR) }
        keys.watch(.devices)
        #expect(keys.descriptors.count == 1 && keys.pressed() == nil)

        let bytes = Self.event(1, 30, 1) + Self.event(1, 116, 1)
        #expect(write(writer, bytes, bytes.count) == bytes.count)
        #expect(keys.pressed() == .power)
        #expect(keys.pressed() == nil)
        // Nobody watches, and what was pressed meanwhile counts no more.
        keys.watch([])
        #expect(keys.descriptors.isEmpty)
        #expect(write(writer, bytes, bytes.count) == bytes.count)
        #expect(keys.pressed() == nil)
        keys.watch(.devices)
        #expect(keys.pressed() == .power)

        close(writer)
        unlink(path.string)
        #expect(keys.pressed() == nil)
        #expect(keys.descriptors.isEmpty)
    }

    @Test(.timeLimit(.minutes(1))) func escapeOnTheConsole() throws {
        var master: CInt = -1
        var slave: CInt = -1
        try #require(openpty(&master, &slave, nil, nil, nil) == 0)
        defer {
            close(master)
            close(slave)
        }
        func localModes() -> tcflag_t {
            var settings = termios()
            tcgetattr(slave, &settings)
            return settings.c_lflag
        }
        func type(_ text: String) { #expect(write(master, text, text.utf8.count) > 0) }
        let before = localModes()
        // Typed too early counts, and an arrow does not.
        type("\u{1b}[A")
        let keys = CancelKeys(
            devices: "/does/not/exist", console: FilePath("/proc/self/fd/\(slave)"))
        keys.watch(.devices)
        #expect(localModes() == before)
        keys.watch([.devices, .console])
        #expect(localModes() & tcflag_t(ICANON | ECHO) == 0)
        #expect(keys.descriptors.count == 1)
        var polled = keys.descriptors
        #expect(poll(&polled, 1, 60_000) == 1)
        #expect(keys.pressed() == nil)

        type("\u{1b}")
        polled = keys.descriptors
        #expect(poll(&polled, 1, 60_000) == 1)
        while keys.pressed() != .escape { #expect(keys.patience == LoneEscape.milliseconds) }
        keys.watch(.devices)
        #expect(localModes() == before)
    }

    @Test func onlyATerminalIsAsked() {
        #expect(EscapeTerminal("/dev/null") == nil)
        #expect(EscapeTerminal("/does/not/exist") == nil)
    }
}
