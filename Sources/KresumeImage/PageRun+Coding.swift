// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

extension PageRun: TableEntry {
    package static let storedSize = 16
    /// How many an image can have.
    package static let countLimit = SectionKind.runs.sizeLimit / UInt64(storedSize)

    static func parse(_ reader: inout ImageReader) throws(ImageError) -> [PageRun] {
        var runs: [PageRun] = []
        runs.reserveCapacity(reader.remaining / storedSize)
        while reader.remaining > 0 {
            let first = PageFrame(try reader.u64())
            let count = try reader.u32()
            let offset = reader.offset
            let rawKind = try reader.u32()
            guard let kind = Kind(rawValue: rawKind) else {
                throw .runKind(offset: offset, found: rawKind)
            }
            runs.append(PageRun(first: first, count: count, kind: kind))
        }
        return runs
    }

    func append(to writer: inout ByteWriter) {
        writer.append(first.rawValue)
        writer.append(count)
        writer.append(kind.rawValue)
    }
}
