// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

extension MemoryMap {
    private static var entrySize: Int { 24 }

    init(parsing reader: inout ImageReader) throws(ImageError) {
        self.init([])
        entries.reserveCapacity(reader.remaining / Self.entrySize)
        while reader.remaining > 0 {
            let offset = reader.offset
            let start = PhysicalAddress(try reader.u64())
            let end = PhysicalAddress(try reader.u64())
            let type = MemoryType(rawValue: try reader.u32())
            try reader.skip(4)
            guard start < end else { throw .emptyMemoryRange(offset: offset) }
            entries.append(Entry(PhysicalRange(start, end), type))
        }
    }

    /// Throws for an empty range, its place in these bytes as the offset.
    func serialised() throws(ImageError) -> [UInt8] {
        var writer = ByteWriter(capacity: entries.count * Self.entrySize)
        for entry in entries {
            guard !entry.range.isEmpty else {
                throw .emptyMemoryRange(offset: UInt64(writer.bytes.count))
            }
            writer.append(entry.range.start.rawValue)
            writer.append(entry.range.end.rawValue)
            writer.append(entry.type.rawValue)
            writer.append(UInt32(0))
        }
        return writer.bytes
    }
}
