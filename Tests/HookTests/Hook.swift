// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// One of the shell files for an initramfs, run among stand-ins for the functions and programs
/// that it calls: each writes its name and its arguments, a line a call.
///
/// What the file itself writes to standard output is among these lines.
struct Hook {
    /// Below the package's directory.
    var path: String
    var shell = ["sh"]
    /// What is called. `name=STATUS` returns that status.
    var standIns: [String]
    /// Files that it reads by their absolute paths, with their contents. They are called `./file0`
    /// and so on, in the paths' order; the configuration is not there unless it is among them.
    var files: [String: String] = [:]
    var variables: [String: String] = [:]

    struct Outcome: Equatable {
        var calls: [String]
        var status: Int32
    }

    /// Reads the file, with `arguments`, and then runs `command`. Paths of `files` and of the
    /// binary are replaced in the text; the rest runs as it is.
    /// `neighbours` are names of empty files in its directory. `first` is done before.
    func run(
        _ command: String = ":", arguments: [String] = [], beside neighbours: [String] = [],
        first: String = ":"
    ) throws -> Outcome {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "hook-tests-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)

        var text = try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
        text = text.replacingOccurrences(of: "/usr/sbin/kresume", with: "kresume")
        for (number, file) in files.sorted(by: { $0.key < $1.key }).enumerated() {
            let copy = directory.appending(path: "file\(number)")
            try Data(file.value.utf8).write(to: copy)
            text = text.replacingOccurrences(of: file.key, with: "./file\(number)")
        }
        for name in neighbours {
            try Data().write(to: directory.appending(path: name))
        }
        text = text.replacingOccurrences(of: "/run/kresume.tried", with: "./tried")
        // This machine may have one.
        text = text.replacingOccurrences(of: "/etc/kresume.conf", with: "./missing")
        let script = directory.appending(path: "hook")
        try Data(text.utf8).write(to: script)

        let functions = standIns.map { item in
            let parts = item.split(separator: "=")
            let status = parts.count == 2 ? parts[1] : "0"
            return "\(parts[0])() { echo \(parts[0]) \"$@\" >&3; return \(status); }"
        }
        let settings = variables.map { "export \($0.key)='\($0.value)'" }
        let lines = [first] + functions + settings + [". \"$0\"", command]

        let process = Process()
        let calls = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            shell + ["-c", "exec 3>&1\n" + lines.joined(separator: "\n"), script.path]
            + arguments
        process.currentDirectoryURL = directory
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = calls
        try process.run()
        let output = String(
            decoding: calls.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Outcome(
            calls: output.split(separator: "\n").map(String.init),
            status: process.terminationStatus)
    }

    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
