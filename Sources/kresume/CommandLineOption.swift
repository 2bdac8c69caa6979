// SPDX-License-Identifier: GPL-2.0-or-later

/// An option of a command: long, and short where it is often typed.
struct CommandLineOption: Sendable {
    var long: String
    var short: Character?
    /// The placeholder of its argument in the help; nil where it takes none.
    var argument: String?
    var help: String

    init(
        _ long: String, short: Character? = nil, argument: String? = nil, _ help: String
    ) {
        self.long = long
        self.short = short
        self.argument = argument
        self.help = help
    }

    /// Those that every command has.
    static let common = [
        CommandLineOption("verbose", short: "v", "say more"),
        CommandLineOption("quiet", short: "q", "say only what goes wrong"),
        CommandLineOption("help", short: "h", "show this help"),
    ]

    /// The option as it is typed, for the help.
    var usage: String {
        let short = short.map { "-\($0), " } ?? "    "
        return "  \(short)--\(long)" + (argument.map { "=\($0)" } ?? "")
    }
}

/// What is wrong with the words after the command's name. getopt_long has said it already where
/// there is no text.
struct UsageError: Error {
    var text: String?
}
