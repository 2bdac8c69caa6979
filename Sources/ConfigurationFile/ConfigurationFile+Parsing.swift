// SPDX-License-Identifier: GPL-2.0-or-later

extension ConfigurationFile {
    package init(parsing bytes: [UInt8]) {
        let lines = bytes.prefix(Self.sizeLimit)
            .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let isTooLarge = bytes.count > Self.sizeLimit
        // The last line of what is read may be half a line.
        for (index, bytes) in (isTooLarge ? lines.dropLast() : lines).enumerated() {
            read(line: index + 1, bytes)
        }
        if isTooLarge { problems.append(Problem(kind: .tooLarge, line: lines.count)) }
    }

    private mutating func read(line: Int, _ bytes: ArraySlice<UInt8>) {
        let bytes = Self.trimmed(bytes)
        if bytes.isEmpty || bytes.first == UInt8(ascii: "#") { return }
        guard let text = String(validating: bytes, as: UTF8.self),
            !bytes.contains(where: { $0 < 0x20 && $0 != UInt8(ascii: "\t") || $0 == 0x7f })
        else {
            problems.append(Problem(kind: .notText, line: line))
            return
        }
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            problems.append(Problem(kind: .noKey, line: line))
            return
        }
        let key = String(decoding: Self.trimmed(text.utf8[..<equals]), as: UTF8.self)
        let value = Self.trimmed(text.utf8[text.utf8.index(after: equals)...])
        if key.isEmpty {
            problems.append(Problem(kind: .noKey, line: line))
        } else {
            let value = String(decoding: value, as: UTF8.self)
            entries.append(Entry(key: key, value: value, line: line))
        }
    }

    /// Without the blanks, tabs and carriage returns at its ends.
    private static func trimmed<Bytes: BidirectionalCollection<UInt8>>(
        _ bytes: Bytes
    ) -> Bytes.SubSequence {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
        var rest = bytes.drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return rest
    }
}
