// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import Glibc
import Hibernation
import LinuxPlatform
import SystemPackage

@main
enum Kresume {
    private static let version = "0.2.0"

    private static let overview = """
        usage: kresume [COMMAND [OPTION]... [DEVICE]]
        Hibernates a Linux machine by kexec, and brings it back from an initramfs.
        Without a command: the images on this machine, and the commands for each.

        \(Command.all.map { $0.name.padded(to: 11) + $0.summary }.joined(separator: "\n"))

        DEVICE is a path, or UUID=, LABEL=, PARTUUID= or PARTLABEL= and its value.
        kresume COMMAND --help tells more; so does kresume(8).
        """

    static func main() {
        Heap.returnLargePieces()
        exit(run(CommandLine.arguments).rawValue)
    }

    private static func run(_ words: [String]) -> ExitStatus {
        guard words.count > 1 else { return advise() }
        switch words[1] {
        case "--version", "-V":
            print("kresume \(version)")
            return .success
        case "--help", "-h":
            print(overview)
            return .success
        default: break
        }
        guard let command = Command.all.first(where: { $0.name == words[1] }) else {
            say("kresume: there is no command \(words[1]); kresume --help lists them")
            return .usage
        }
        return run(command, Array(words.dropFirst(2)))
    }

    private static func advise() -> ExitStatus {
        let report = Report(.normal)
        do { try Permission.requireMounts(LinuxMachine()) } catch {
            report.fail(explanation(of: error))
            return .failure
        }
        Repair(LinuxMachine(), report).run()
        var advice = Advice(LinuxMachine(), report)
        advice.configured = Settings(report).location
        var status = ExitStatus.success
        do {
            if let text = try advice.run() { print(shownLines(text)) } else { status = .failure }
        } catch {
            report.fail(explanation(of: error))
            status = .failure
        }
        print("kresume --help tells what kresume can do")
        return status
    }

    private static func run(_ command: Command, _ words: [String]) -> ExitStatus {
        var report = Report(.normal)
        do {
            let arguments = try Arguments(
                ["kresume \(command.name)"] + words, command.options + CommandLineOption.common)
            if arguments.options.contains("help") {
                print(command.help)
                return .success
            }
            if arguments.options.contains("quiet") { report.verbosity = .quiet }
            if arguments.options.contains("verbose") { report.verbosity = .verbose }
            guard command.operandCount.contains(arguments.operands.count) else {
                throw arguments.operands.isEmpty
                    ? UsageError.noDevice : .tooManyArguments(arguments.operands)
            }
            if !command.worksAnywhere { try Permission.requireMounts(LinuxMachine()) }
            Repair(LinuxMachine(), report).run()
            return try command.run(arguments, report)
        } catch let error as UsageError {
            if error != .badOption { say("kresume \(command.name): \(error.explanation)") }
            say("kresume \(command.name) --help tells more")
            return .usage
        } catch is ReportedError {
            return .failure
        } catch {
            report.fail(explanation(of: error))
            return .failure
        }
    }

    private static func say(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll("\(text)\n".utf8)
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
