// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

/// A shell is the program.
@Suite struct TracedProgramTests {
    private func run(
        _ script: String, _ file: FilePath, _ deed: @escaping ([UInt8]) -> TracedProgram.Deed?
    ) throws -> (status: Int32, seen: [String]) {
        var seen: [String] = []
        let status = try TracedProgram.run("/bin/sh", ["-c", script, "sh", file.string]) {
            path, bytes in
            guard path == file else { return nil }
            seen.append(String(decoding: bytes, as: UTF8.self))
            return deed(bytes)
        }
        return (status, seen)
    }

    private func contents(_ file: FilePath) throws -> String { try SystemFile.text(file) }

    @Test func whatIsDoneInstead() throws {
        let tree = try TemporaryTree(["state": "before\n"])
        let file = tree.root.appending("state")
        var whenDone = ""
        let (status, seen) = try run("echo disk >>\"$1\" && echo mem >>\"$1\" && exit 5", file) {
            bytes in
            guard bytes == Array("disk\n".utf8) else { return nil }
            return {
                whenDone = (try? contents(file)) ?? "?"
                return nil
            }
        }
        #expect(status == 5 && seen == ["disk\n", "mem\n"])
        #expect(whenDone == "before\n")
        #expect(try contents(file) == "before\nmem\n")
    }

    /// The program hears why.
    @Test func whatFails() throws {
        let tree = try TemporaryTree(["state": ""])
        let file = tree.root.appending("state")
        let (status, _) = try run(
            "echo disk >>\"$1\" 2>\"$1.why\" || { echo failed >>\"$1\"; exit 1; }", file
        ) { bytes in
            bytes == Array("disk\n".utf8) ? { Errno.resourceBusy } : nil
        }
        #expect(status == 1)
        #expect(try contents(file) == "failed\n")
    }

    /// Its other processes write what they like, and its signals reach it.
    @Test func theRestIsItsOwn() throws {
        let tree = try TemporaryTree(["state": ""])
        let file = tree.root.appending("state")
        let (status, seen) = try run(
            """
            trap 'echo trapped >>"$1"' USR1
            (echo disk >>"$1")
            kill -USR1 $$
            kill -TERM $$
            """, file
        ) { _ in nil }
        #expect(status == 128 + SIGTERM && seen == ["trapped\n"])
        #expect(try contents(file) == "disk\ntrapped\n")
    }

    @Test func whatIsNoProgram() throws {
        #expect(try TracedProgram.run("/nonexistent", []) { _, _ in nil } == 127)
    }
}
