// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// Consecutive frames that the image fills in one way.
public struct PageRun: Hashable, Sendable {
    public enum Kind: UInt32, Hashable, Sendable {
        /// From the stream of data pages.
        case data = 0
        /// With zeroes.
        case zero = 1
        /// With bytes 0xaa, as a kernel with page_poison=1 fills its free pages (`PAGE_POISON`,
        /// include/linux/poison.h, Linux 6.12).
        case poison = 2
    }

    public var first: PageFrame
    /// How many pages; not 0.
    public var count: UInt32
    public var kind: Kind

    public init(first: PageFrame, count: UInt32, kind: Kind) {
        self.first = first
        self.count = count
        self.kind = kind
    }

    /// Requires that they are below the frame limit, which holds for the runs of an image read.
    public var frames: FrameRange { FrameRange(first, count: UInt64(count)) }

    var isBelowLimit: Bool {
        first < PageFrame.limit && UInt64(count) <= PageFrame.limit.rawValue - first.rawValue
    }
}

extension PageRun {
    private static let storedSize = 16

    static func parse(_ reader: inout ByteReader) throws(ImageError) -> [PageRun] {
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
