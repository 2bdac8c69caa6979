// SPDX-License-Identifier: GPL-2.0-or-later

extension HibernateLocation {
    /// Reads the variable as efivarfs shows it: four bytes of attributes, then JSON in
    /// little-endian UTF-16, to the end or to a zero.
    package init(parsing bytes: [UInt8]) throws(HibernateLocationError) {
        guard bytes.count > 4, bytes.count <= Self.sizeLimit, bytes.count % 2 == 0 else {
            throw .size(bytes.count)
        }
        let units = stride(from: 4, to: bytes.count, by: 2).map {
            UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8
        }
        guard let text = String(validating: units.prefix { $0 != 0 }, as: UTF16.self) else {
            throw .notText
        }
        let object = try JSONObject(parsing: text)
        guard let uuid = object.string("uuid").flatMap(Self.canonical) else {
            throw .member("uuid")
        }
        guard let offset = object.number("offset") else { throw .member("offset") }
        self.uuid = uuid
        offsetPages = offset
        kernelVersion = object.string("kernelVersion")
        osReleaseID = object.string("osReleaseId")
        osReleaseImageID = object.string("osReleaseImageId")
    }

    /// systemd takes an ID with and without hyphens (`sd_id128_from_string`).
    private static func canonical(_ uuid: String) -> String? {
        let parts = uuid.split(separator: "-", omittingEmptySubsequences: false)
        let digits = parts.joined()
        guard parts.map(\.utf8.count) == [8, 4, 4, 4, 12] || parts.count == 1,
            digits.utf8.count == 32,
            digits.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit })
        else { return nil }
        var rest = digits.lowercased()[...]
        return [8, 4, 4, 4, 12].map { (count: Int) -> String in
            let part = rest.prefix(count)
            rest = rest.dropFirst(count)
            return String(part)
        }.joined(separator: "-")
    }
}
