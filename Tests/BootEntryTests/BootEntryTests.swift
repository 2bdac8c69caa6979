// SPDX-License-Identifier: GPL-2.0-or-later

import BootEntry
import Testing

@Suite struct GRUBEnvironmentTests {
    private static let head = "# GRUB Environment Block\n"

    private func block(_ text: String, size: Int = 1024) -> [UInt8] {
        let bytes = Array((Self.head + text).utf8)
        return bytes + [UInt8](repeating: 0x23, count: size - bytes.count)
    }

    @Test func whatIsReadIsWritten() throws {
        for text in [
            "", "saved_entry=a>b\nnext_entry=\n", "# WARNING: do not edit\nx=1\n",
            "long=one\\\ntwo\nnext_entry=kresume\n", "back=\\\\\ny=2\n",
        ] {
            #expect(GRUBEnvironment(block(text))?.bytes == block(text), "\(text)")
        }
    }

    @Test func oneIsChangedAndTheOthersStay() throws {
        var values = try #require(
            GRUBEnvironment(block("a=1\nnext_entry=old\nlong=x\\\nnext_entry=not this\nb=2\n")))
        #expect(values[GRUBEnvironment.nextEntry] == "old" && values["c"] == nil)
        values[GRUBEnvironment.nextEntry] = "kresume"
        #expect(
            values.bytes
                == block("a=1\nlong=x\\\nnext_entry=not this\nb=2\nnext_entry=kresume\n"))
        values[GRUBEnvironment.nextEntry] = nil
        #expect(values.bytes == block("a=1\nlong=x\\\nnext_entry=not this\nb=2\n"))
    }

    /// Its size stays what it is.
    @Test func aFullOne() throws {
        var values = try #require(GRUBEnvironment(block("a=1\n", size: 40)))
        values["b"] = "12345678"
        #expect(values.bytes?.count == 40)
        values["b"] = "123456789"
        #expect(values.bytes == nil)
    }

    @Test func whatIsNone() {
        #expect(GRUBEnvironment([]) == nil)
        #expect(GRUBEnvironment(Array("next_entry=a\n".utf8)) == nil)
        #expect(GRUBEnvironment(block("cut off=1")) == nil)
    }
}

@Suite struct LoaderVariableTests {
    @Test(
        arguments: [
            ([7, 0, 0, 0, 0x08, 0, 0, 0, 0, 0, 0, 0], true),
            ([6, 0, 0, 0, 0xff, 0x3f, 0, 0, 0, 0, 0, 0], true),
            ([7, 0, 0, 0, 0xf7, 0xff, 0, 0, 0, 0, 0, 0], false), ([7, 0, 0, 0], false), ([], false),
        ] as [([UInt8], Bool)])
    func features(bytes: [UInt8], startsOnce: Bool) {
        #expect(LoaderVariable.startsEntriesOnce(bytes) == startsOnce)
    }

    @Test func aText() {
        #expect(LoaderVariable.bytes("a.b") == [7, 0, 0, 0, 0x61, 0, 0x2e, 0, 0x62, 0, 0, 0])
    }
}
