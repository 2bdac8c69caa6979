// SPDX-License-Identifier: GPL-2.0-or-later

import HibernateLocation
import Testing

@Suite struct HibernateLocationTests {
    private static let uuid = "01234567-89ab-cdef-0123-456789abcdef"

    /// As efivarfs shows it: attributes, and UTF-16 with a zero at the end.
    private func variable(_ text: String, terminated: Bool = true) -> [UInt8] {
        [7, 0, 0, 0]
            + (Array(text.utf16) + (terminated ? [0] : []))
            .flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    }

    /// In the order and form in which systemd writes it.
    @Test(arguments: [true, false])
    func systemdsOwn(terminated: Bool) throws {
        let text = """
            {"uuid":"\(Self.uuid)","offset":38912,"kernelVersion":"6.12.1-arch1-1",\
            "osReleaseId":"arch","osReleaseImageId":"x","osReleaseVersionId":"1",\
            "osReleaseImageVersion":"2"}
            """
        let location = try HibernateLocation(parsing: variable(text, terminated: terminated))
        #expect(location.uuid == Self.uuid)
        #expect(location.offsetPages == 38912)
        #expect(location.kernelVersion == "6.12.1-arch1-1")
        #expect(location.osReleaseID == "arch")
        #expect(location.osReleaseImageID == "x")
    }

    @Test(arguments: [
        // Order, blanks, members of no interest.
        " {\n\"offset\" : 7 ,\t\"a\" : null, \"b\":-1.5e+3, \"uuid\" : \"\(uuid)\" } ",
        "{\"uuid\":\"0123456789ABCDEF0123456789abcdef\",\"offset\":7}",
        // The last one counts.
        "{\"offset\":6,\"uuid\":\"\(uuid)\",\"offset\":7}",
        // The text ends at the first zero.
        "{\"offset\":7,\"uuid\":\"\(uuid)\"}\0rest",
        "{\"\\u006fffset\":7,\"uuid\":\"\\u003012345\\u0036\\u0037-89ab-cdef-0123-456789abcdef\"}",
    ])
    func otherForms(text: String) throws {
        let location = try HibernateLocation(parsing: variable(text))
        #expect(location.uuid == Self.uuid)
        #expect(location.offsetPages == 7)
        #expect(location.osReleaseID == nil)
    }

    @Test func escapes() throws {
        let text = """
            {"uuid":"\(Self.uuid)","offset":0,\
            "osReleaseId":"\\"\\\\\\/\\b\\f\\n\\r\\tä\\u00e4\\ud83d\\ude00😀"}
            """
        let location = try HibernateLocation(parsing: variable(text))
        #expect(location.osReleaseID == "\"\\/\u{8}\u{c}\n\r\tää😀😀")
    }

    @Test(arguments: [
        ("", HibernateLocationError.notJSON(offset: 0)),
        ("[]", .notJSON(offset: 0)),
        ("{", .notJSON(offset: 1)),
        ("{}", .member("uuid")),
        ("{} {}", .notJSON(offset: 3)),
        ("{\"a\":1,}", .notJSON(offset: 7)),
        ("{\"a\":}", .notJSON(offset: 5)),
        ("{\"a\":yes}", .notJSON(offset: 5)),
        ("{\"a\":{}}", .notJSON(offset: 5)),
        ("{\"a\" 1}", .notJSON(offset: 5)),
        ("{a:1}", .notJSON(offset: 1)),
        ("{\"a", .notJSON(offset: 3)),
        ("{\"a\\", .notJSON(offset: 4)),
        ("{\"\\x\":1}", .notJSON(offset: 4)),
        ("{\"\\u12g4\":1}", .notJSON(offset: 6)),
        ("{\"\\u12", .notJSON(offset: 6)),
        // Half a character.
        ("{\"\\ud83d\":1}", .notJSON(offset: 9)),
        ("{\"a\nb\":1}", .notJSON(offset: 3)),
        ("{\"uuid\":1,\"offset\":1}", .member("uuid")),
        ("{\"uuid\":\"\",\"offset\":1}", .member("uuid")),
        ("{\"uuid\":\"01234567-89ab-cdef-0123-456789abcdeg\",\"offset\":1}", .member("uuid")),
        ("{\"uuid\":\"0123456789ab-cdef-0123-4567-89abcdef\",\"offset\":1}", .member("uuid")),
        ("{\"uuid\":\"\(uuid)\"}", .member("offset")),
        ("{\"uuid\":\"\(uuid)\",\"offset\":\"1\"}", .member("offset")),
        ("{\"uuid\":\"\(uuid)\",\"offset\":-1}", .member("offset")),
        ("{\"uuid\":\"\(uuid)\",\"offset\":1.0}", .member("offset")),
        ("{\"uuid\":\"\(uuid)\",\"offset\":18446744073709551616}", .member("offset")),
    ])
    func badText(text: String, error: HibernateLocationError) {
        #expect(throws: error) { try HibernateLocation(parsing: variable(text)) }
    }

    @Test(arguments: [
        ([], HibernateLocationError.size(0)),
        ([7, 0, 0, 0], .size(4)),
        ([7, 0, 0, 0, 0x7b], .size(5)),
        // Half a surrogate pair.
        ([7, 0, 0, 0, 0x3d, 0xd8, 0x7d, 0], .notText),
    ])
    func badBytes(bytes: [UInt8], error: HibernateLocationError) {
        #expect(throws: error) { try HibernateLocation(parsing: bytes) }
    }

    @Test func writtenAsSystemdDoes() {
        let location = HibernateLocation(
            uuid: Self.uuid, offsetPages: 38912, kernelVersion: "6.12.1", osReleaseID: "arch",
            osReleaseImageID: nil)
        let text = """
            {"uuid":"\(Self.uuid)","offset":38912,"kernelVersion":"6.12.1","osReleaseId":"arch"}
            """
        #expect(location.bytes == variable(text))
    }

    @Test(arguments: ["plain", "\"quoted\\", "line\u{a}\u{1f}", "ä\u{1f600}", ""])
    func whatIsWrittenIsReadAgain(text: String) throws {
        let location = HibernateLocation(
            uuid: Self.uuid, offsetPages: .max, kernelVersion: nil, osReleaseID: text,
            osReleaseImageID: text)
        #expect(try HibernateLocation(parsing: location.bytes) == location)
    }

    @Test func sizeIsLimited() throws {
        let text = "{\"uuid\":\"\(Self.uuid)\",\"offset\":0}"
        let room = (HibernateLocation.sizeLimit - 6) / 2
        let blanks = String(repeating: " ", count: room - text.count)
        _ = try HibernateLocation(parsing: variable(text + blanks))
        #expect(throws: HibernateLocationError.size(4098)) {
            try HibernateLocation(parsing: variable(text + blanks + " "))
        }
    }

    /// Whatever is cut off or changed, the end is an error or a location, not a trap.
    @Test func anyDamage() {
        let whole = variable("{\"uuid\":\"\(Self.uuid)\",\"offset\":7,\"a\":\"\\u00e4\"}")
        for index in whole.indices {
            _ = try? HibernateLocation(parsing: Array(whole[..<index]))
            for value: UInt8 in [0, 0x22, 0x5c, 0x7b, 0xd8, 0xff] {
                var changed = whole
                changed[index] = value
                _ = try? HibernateLocation(parsing: changed)
            }
        }
    }
}
