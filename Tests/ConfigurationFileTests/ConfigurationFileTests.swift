// SPDX-License-Identifier: GPL-2.0-or-later

import ConfigurationFile
import Testing

@Suite struct ConfigurationFileTests {
    @Test(arguments: [
        ("", []),
        ("device=/dev/sda2", ["1 device:/dev/sda2"]),
        ("\n# wait = 1\n\t # x\n wait\t=  5 \n", ["4 wait:5"]),
        // What begins a comment elsewhere, and a second `=`, belong to the value.
        ("device = LABEL=a b#c # d", ["1 device:LABEL=a b#c # d"]),
        // The last one counts; which are known is not decided here.
        ("a=1\na=2\nno such key = ü\n", ["1 a:1", "2 a:2", "3 no such key:ü"]),
        ("a =", ["1 a:"]),
        // As an editor of another system writes it.
        ("a=1\r\nb=2\r\n", ["1 a:1", "2 b:2"]),
        ("#\n\u{feff}a=1", ["2 \u{feff}a:1"]),
    ])
    func entries(text: String, entries: [String]) {
        let file = ConfigurationFile(parsing: Array(text.utf8))
        #expect(file.entries.map { "\($0.line) \($0.key):\($0.value)" } == entries)
        #expect(file.problems == [])
    }

    /// Whatever a line holds, those around it count.
    @Test(arguments: [
        (Array("device".utf8), ConfigurationFile.Problem.Kind.noKey),
        (Array("= 5".utf8), .noKey),
        (Array("[section]".utf8), .noKey),
        (Array("a=\u{0}".utf8), .notText),
        (Array("a\u{1b}=b".utf8), .notText),
        (Array("a=b\u{7f}".utf8), .notText),
        ([0x61, 0x3d, 0xff], .notText),
        ([0xff, 0xfe, 0x61, 0], .notText),
    ])
    func badLine(bytes: [UInt8], kind: ConfigurationFile.Problem.Kind) {
        let file = ConfigurationFile(parsing: Array("a=1\n".utf8) + bytes + Array("\nb=2".utf8))
        #expect(file.entries.map(\.key) == ["a", "b"])
        #expect(file.problems.map(\.kind) == [kind])
        #expect(file.problems.map(\.line) == [2])
    }

    @Test func sizeIsLimited() {
        let limit = ConfigurationFile.sizeLimit
        var bytes = Array("a=1\n#".utf8)
        bytes += [UInt8](repeating: UInt8(ascii: "x"), count: limit - bytes.count - 4)
        bytes += Array("\nb=2".utf8)
        #expect(bytes.count == limit)
        #expect(ConfigurationFile(parsing: bytes).entries.map(\.key) == ["a", "b"])
        #expect(ConfigurationFile(parsing: bytes).problems == [])

        // One more: the last line is not whole.
        let larger = ConfigurationFile(parsing: bytes + [UInt8(ascii: "2")])
        #expect(larger.entries.map(\.key) == ["a"])
        #expect(larger.problems.map(\.kind) == [.tooLarge])
        #expect(larger.problems.map(\.line) == [3])
    }
}
