// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import TestSupport
import Testing

@testable import LinuxBoot

@Suite struct KernelCommandLineTests {
    @Test(
        arguments: [
            ("", []),
            ("  quiet\n", [("quiet", nil)]),
            ("a=1 b= c", [("a", "1"), ("b", ""), ("c", nil)]),
            ("a=b=c", [("a", "b=c")]),
            ("a=\"x y\" z", [("a", "x y"), ("z", nil)]),
            ("\"a=x y\" z", [("a", "x y"), ("z", nil)]),
            ("\"a b\"", [("a b", nil)]),
            ("a=x\"y z\"w", [("a", "x\"y z\"w")]),
            ("a=\"x y", [("a", "x y")]),
            ("\"a=\"x\"\" b", [("a", "x\""), ("b", nil)]),
            ("\"a=x\"y b", [("a", "x\"y"), ("b", nil)]),
            ("a=\" b", [("a", " b")]),
            ("=x \"", [("=x", nil), ("", nil)]),
            ("a\tb\u{0b}c\r\nd", [("a", nil), ("b", nil), ("c", nil), ("d", nil)]),
            ("a -- b=1", [("a", nil)]),
            ("a --=1 b", [("a", nil), ("--", "1"), ("b", nil)]),
            ("a\0b", [("a", nil)]),
        ] as [(String, [(String, String?)])])
    func cutting(text: String, expected: [(String, String?)]) {
        let options = KernelCommandLine(parsing: text).options
        #expect(options.map(\.name) == expected.map(\.0))
        #expect(options.map(\.value) == expected.map(\.1))
    }

    @Test func textKeepsTheQuotes() {
        let text = "root=\"LABEL=a b\" \"x=1 2\" quiet"
        #expect(KernelCommandLine(parsing: "  " + text + "\n").text == text)
    }

    /// Or they would be around what is added.
    @Test(
        arguments: [
            ("b a=\"x y", "b a=\"x y\"", "x y"), ("\"a=x y ", "\"a=x y \"", "x y "),
            ("a=\"", "a=\"\"", ""), ("a=x\"y z", "a=x\"y z\"", "x\"y z"),
        ])
    func openQuotesAreClosed(text: String, expected: String, value: String) {
        let line = KernelCommandLine(parsing: text)
        #expect(line.value(of: "a") == value)
        #expect(line.text == expected)
        #expect(KernelCommandLine(parsing: line.text + " quiet").contains("quiet"))
    }

    @Test func lookup() {
        let line = KernelCommandLine(
            parsing: "resume=/dev/a resume_offset=38912 resume=UUID=b kresume.debug=1 init-x")
        #expect(line.resumeDevice == "UUID=b")
        #expect(line.resumeOffset == 38912)
        #expect(line.contains("init_x") && line.contains("resume-offset"))
        #expect(!line.contains("resum") && !line.contains("Resume"))
        #expect(line.value(of: "init-x") == nil)
        #expect(KernelCommandLine(parsing: "resume_offset=0x10").resumeOffset == nil)
    }

    @Test(arguments: [
        ("noresume", true), ("nohibernate", true), ("hibernate=noresume", true),
        ("hibernate=no", true), ("hibernate=nocompress", false), ("resume=noresume", false),
        ("resume=none", true), ("resume=/dev/none", false), ("resume=none resume=/dev/a", false),
        ("hibernate", false), ("quiet -- noresume", false), ("", false),
    ])
    func forbiddenResume(text: String, forbidden: Bool) {
        #expect(KernelCommandLine(parsing: text).forbidsResume == forbidden)
    }

    @Test(arguments: [
        ("nohibernate", true), ("hibernate=no", true), ("hibernate=nothing", true),
        ("hibernate=noresume", false), ("hibernate=nocompress", false), ("noresume", false),
        ("hibernate=protect_image", false), ("hibernate", false), ("", false),
    ])
    func forbiddenHibernation(text: String, forbidden: Bool) {
        #expect(KernelCommandLine(parsing: text).forbidsHibernation == forbidden)
    }

    @Test(
        arguments: [
            ("a", nil), ("a", ""), ("a.b", "1=2"), ("resume", "LABEL=my swap"), ("x", "tab\there"),
            ("--", "1"),
        ] as [(String, String?)])
    func composedOptionsAreReadBack(name: String, value: String?) throws {
        let option = try #require(KernelCommandLine.Option(name, value))
        #expect(KernelCommandLine(parsing: option.text).options == [option])
    }

    @Test(arguments: [
        ("", "1"), ("a b", nil), ("a=b", "c"), ("a\"", nil), ("a", "b\"c"), ("a", "\0"),
        ("--", nil),
    ])
    func optionsThatCannotBeWritten(name: String, value: String?) {
        #expect(KernelCommandLine.Option(name, value) == nil)
    }
}
