// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

extension PageRun {
    private static let storedSize = 16

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

    static func serialise(_ runs: [PageRun]) -> [UInt8] {
        var writer = ByteWriter(capacity: runs.count * storedSize)
        for run in runs {
            writer.append(run.first.rawValue)
            writer.append(run.count)
            writer.append(run.kind.rawValue)
        }
        return writer.bytes
    }
}
