// SPDX-License-Identifier: GPL-2.0-or-later

import HibernateLocation

extension FuzzTarget {
    /// systemd's EFI variable. An input is the variable; where its first byte is odd, a text in
    /// UTF-8 that is brought into the variable's form.
    static let location = FuzzTarget(name: "location", inputLimit: 1024) {
        let uuid = "01234567-89ab-cdef-0123-456789abcdef"
        let texts = [
            """
            {"uuid":"\(uuid)","offset":38912,"kernelVersion":"6.12.1-arch1-1",\
            "osReleaseId":"arch","osReleaseImageId":"x","osReleaseVersionId":"1"}
            """,
            " {\n\"offset\" : 7 ,\t\"a\" : null, \"b\":-1.5e+3, \"uuid\" : \"\(uuid)\" } ",
            "{\"\\u006fffset\":7,\"uuid\":\"\(uuid)\",\"osReleaseId\":\"\\\"\\\\\\/\\b\\ud83d\\ude00\"}",
        ]
        return texts.map { [1] + Array($0.utf8) }
            + [[6, 0, 0, 0] + variable(texts[0]).dropFirst(4)]
    } test: { input in
        var bytes = input
        if let first = input.first, first & 1 == 1 {
            bytes = variable(String(decoding: input.dropFirst(), as: UTF8.self))
        }
        guard let location = try? HibernateLocation(parsing: bytes) else { return }
        let lengths = location.uuid.split(separator: "-").map(\.utf8.count)
        require(
            lengths == [8, 4, 4, 4, 12]
                && location.uuid.utf8.allSatisfy { "0123456789abcdef-".utf8.contains($0) },
            "a UUID \(location.uuid)")
        let again = try? HibernateLocation(parsing: variable(written(location)))
        // Escapes may make it too long.
        require(
            again == location || written(location).utf16.count > 2000,
            "what was read and is written is read otherwise")
    }

    private static func variable(_ text: String) -> [UInt8] {
        [7, 0, 0, 0] + text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    }

    private static func written(_ location: HibernateLocation) -> String {
        var members = ["\"uuid\":\"\(location.uuid)\"", "\"offset\":\(location.offsetPages)"]
        for (name, text) in [
            ("kernelVersion", location.kernelVersion), ("osReleaseId", location.osReleaseID),
            ("osReleaseImageId", location.osReleaseImageID),
        ] {
            guard let text else { continue }
            let escaped = text.utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
            members.append("\"\(name)\":\"\(escaped.joined())\"")
        }
        return "{" + members.joined(separator: ",") + "}"
    }
}
