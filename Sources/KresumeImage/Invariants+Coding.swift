// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

extension Invariants {
    init(parsing reader: inout ImageReader) throws(ImageError) {
        let base = reader.offset
        let bytes = try reader.bytes(reader.remaining)
        var facts: [Fact] = []
        var previous: ArraySlice<UInt8>?
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let offset = base + UInt64(start - bytes.startIndex)
            guard let end = bytes[start...].firstIndex(of: 0x0a),
                let fact = Fact(line: bytes[start..<end])
            else { throw .text(.invariants, offset: offset) }
            let line = bytes[start..<end]
            if let previous, !previous.lexicographicallyPrecedes(line) {
                throw .unsortedInvariant(offset: offset)
            }
            facts.append(fact)
            previous = line
            start = end + 1
        }
        self.init(facts)
    }

    /// Throws for a fact that the format cannot hold, its place in these bytes as the offset.
    func serialised() throws(ImageError) -> [UInt8] {
        var writer = ByteWriter()
        for fact in facts {
            guard fact.isValid else {
                throw .text(.invariants, offset: UInt64(writer.bytes.count))
            }
            writer.append(fact.line)
            writer.append(UInt8(0x0a))
        }
        return writer.bytes
    }
}

extension Invariants.Fact {
    /// Nil where the line is not a category, a space and a value.
    init?(line: ArraySlice<UInt8>) {
        guard let space = line.firstIndex(of: 0x20),
            let category = text(line[..<space]), let value = text(line[(space + 1)...])
        else { return nil }
        self.init(category, value)
        if !isValid { return nil }
    }
}
