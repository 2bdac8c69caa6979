// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import Testing

@testable import kresume

/// What the binary takes is in the completions and in the man pages, and nothing else is.
@Suite struct DocumentedOptionTests {
    private static func options(of command: Command) -> [CommandLineOption] {
        command.options + CommandLineOption.common
    }

    private static let everyOption = Set(Command.all.flatMap(options).map(\.long))

    // MARK: bash, which is run

    private func complete(_ words: String...) throws -> [String] {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        // The last word is the one that is typed.
        process.arguments =
            [
                "bash", "-uc",
                """
                source "$0"
                COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
                _kresume
                printf '%s\\n' "${COMPREPLY[@]}"
                """, path("completions/kresume.bash").path, "kresume",
            ] + words
        process.standardOutput = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return text.split(separator: "\n").map(String.init).sorted()
    }

    @Test(arguments: Command.all.map(\.name))
    func bash(name: String) throws {
        let command = try #require(Command.all.first { $0.name == name })
        let options = Self.options(of: command).map {
            "--\($0.long)" + ($0.argument == nil ? "" : "=")
        }
        #expect(try complete(name, "--") == options.sorted())
        #expect(
            try complete(name, "L") == (command.operands.contains("DEVICE") ? ["LABEL="] : []))
    }

    @Test func bashKnowsWhatToComplete() throws {
        #expect(try complete("") == Command.all.map(\.name).sorted())
        #expect(try complete("ver") == ["verify"])
        #expect(try complete("key", "c") == ["change-passphrase", "create"])
        #expect(try complete("-") == ["--help", "--version"])
        // With the `=` that bash takes for a word, and without.
        let file = path("Package.swift").path
        let start = String(file.dropLast(4))
        #expect(try complete("hibernate", "--saver-kernel", "=", start) == [file])
        #expect(try complete("hibernate", "-i", start) == [file])
        #expect(try complete("resume", "--default", "=", "PARTU") == ["PARTUUID="])
        #expect(try complete("resume", "--wait", "=") == [])
        let devices = try FileManager.default.contentsOfDirectory(atPath: "/sys/class/block")
        #expect(
            try complete("resume", "/dev/")
                == devices.map { "/dev/\($0.replacingOccurrences(of: "!", with: "/"))" }.sorted())
    }

    // MARK: zsh and fish, which are read

    /// The words after `case $command in`, for each command, with what its variables stand for.
    @Test func zsh() throws {
        let text = try String(contentsOf: path("completions/_kresume"), encoding: .utf8)
        let parts = text.components(separatedBy: "case $command in")
        try #require(parts.count == 2)
        var variables: [String: String] = [:]
        for name in ["common", "offset", "port", "sleeping"] {
            let body = parts[0].components(separatedBy: "    \(name)=(").dropFirst().first
            let end = body?.hasPrefix("\n") == true ? "\n    )" : ")\n"
            variables[name] = body?.components(separatedBy: end).first
        }
        var seen = 0
        for branch in parts[1].components(separatedBy: ";;") {
            guard let end = branch.range(of: ")") else { continue }
            let names = branch[..<end.lowerBound].components(separatedBy: "|")
                .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
            var body = String(branch[end.upperBound...])
            for (name, value) in variables {
                body = body.replacingOccurrences(of: "$\(name)", with: value)
            }
            for command in Command.all where names.contains(command.name) {
                seen += 1
                let options = Self.options(of: command)
                for option in options {
                    let takes = option.argument != nil
                    var form = "--\(option.long)" + (takes ? "=" : "")
                    if let short = option.short {
                        form = "{-\(short)\(takes ? "+" : ""),\(form)}'["
                    } else {
                        form = "'\(form)["
                    }
                    #expect(body.contains(form), "\(command.name): \(form)")
                }
                #expect(longOptions(in: body) == Set(options.map(\.long)), "\(command.name)")
            }
        }
        #expect(seen == Command.all.count)
        for command in Command.all { #expect(parts[0].contains("'\(command.name):")) }
    }

    @Test func fish() throws {
        let text = try String(contentsOf: path("completions/kresume.fish"), encoding: .utf8)
        let lines = text.split(separator: "\n").filter { $0.hasPrefix("complete ") }
            .map { line in line.split(separator: " ").map(String.init) }
        /// The commands that a line is about; nil: all.
        func commands(_ line: [String]) -> [String]? {
            guard let start = line.firstIndex(of: "'__fish_seen_subcommand_from"),
                let end = line[start...].firstIndex(where: { $0.hasSuffix("'") })
            else { return nil }
            return line[(start + 1)...end].map { $0.trimmingCharacters(in: ["'"]) }
        }
        func value(_ flag: String, _ line: [String]) -> String? {
            line.firstIndex(of: flag).map { line[$0 + 1] }
        }
        for command in Command.all {
            #expect(lines.contains { value("-a", $0) == command.name })
            for option in Self.options(of: command) {
                let found = lines.filter {
                    value("-l", $0) == option.long
                        && commands($0)?.contains(command.name) != false
                }
                try #require(found.count == 1, "\(command.name) --\(option.long)")
                #expect(value("-s", found[0]) == option.short.map { String($0) })
                let takes = found[0].contains("-x") || found[0].contains("-rF")
                #expect(takes == (option.argument != nil), "--\(option.long)")
            }
        }
        for line in lines {
            guard let long = value("-l", line), long != "version" else { continue }
            for name in commands(line) ?? Command.all.map(\.name) {
                let command = Command.all.first { $0.name == name }
                #expect(command.map { Self.options(of: $0).map(\.long).contains(long) } == true)
            }
        }
    }

    // MARK: Man pages

    @Test func manualHasEveryOption() throws {
        let text = try String(contentsOf: path("man/kresume.8"), encoding: .utf8)
        let options = try #require(text.components(separatedBy: ".Sh OPTIONS").last)
            .components(separatedBy: ".Sh ")[0]
        for option in Command.all.flatMap(Self.options) {
            let short = option.short.map { "Fl \($0) , " } ?? ""
            let argument = option.argument.map { " Ns = Ns Ar \($0.rawValue.lowercased())" } ?? ""
            let form = ".It \(short)Fl \\-\(option.long)\(argument)\n"
            #expect(options.contains(form), "\(form)")
        }
        let named = options.split(separator: "\n").filter { $0.hasPrefix(".It ") }
            .flatMap { $0.components(separatedBy: "Fl \\-").dropFirst() }
            .map { String($0.prefix { $0.isLetter || $0 == "-" }) }
        #expect(Set(named) == Self.everyOption.union(["version"]))
        for command in Command.all { #expect(text.contains("\n.It Cm \(command.name)")) }
    }

    /// The manual of the configuration file, and the one that is installed.
    @Test func everySettingIsDescribed() throws {
        let manual = try String(contentsOf: path("man/kresume.conf.5"), encoding: .utf8)
        let described = manual.components(separatedBy: "\n.It Cm ").dropFirst()
            .map { String($0.prefix { $0 != "\n" }) }
        #expect(described.sorted() == Settings.keys.keys.sorted())
        let example = try String(contentsOf: path("etc/kresume.conf"), encoding: .utf8)
        let shown = example.split(separator: "\n").filter {
            $0.hasPrefix("#") && !$0.hasPrefix("# ")
        }
        .map { String($0.dropFirst().prefix { $0 != " " }) }.filter { !$0.isEmpty }
        #expect(shown.sorted() == Settings.keys.keys.sorted())
    }

    private func longOptions(in text: String) -> Set<String> {
        Set(
            text.components(separatedBy: "--").dropFirst()
                .map { String($0.prefix { $0.isLetter || $0 == "-" }) })
    }

    private func path(_ name: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: name)
    }
}
