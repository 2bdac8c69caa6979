// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import PhysicalMemory

/// How the original kernel is entered again, and which of its memory it brings back by itself.
package struct JumpRecord: Hashable, Sendable {
    /// Where the original kernel is entered; nil until the saver kernel knows it.
    package var jumpBackEntry: PhysicalAddress?
    /// Where the saver kernel lived. The original kernel swaps its own contents back in, so the
    /// image has nothing for it, and the restore kernel's hand-off may lie there.
    package var saverRegion: FrameRange
    /// Low memory that the saver kernel was given besides; swapped back likewise. May be empty.
    package var saverLowMemory: FrameRange
    /// The page in which the original kernel reads what happened, if it has one.
    package var messagePage: PhysicalAddress?
    /// 4, or 5 with LA57.
    package var pagingDepth: PagingDepth

    package init(
        jumpBackEntry: PhysicalAddress?, saverRegion: FrameRange, saverLowMemory: FrameRange,
        messagePage: PhysicalAddress?, pagingDepth: PagingDepth
    ) {
        self.jumpBackEntry = jumpBackEntry
        self.saverRegion = saverRegion
        self.saverLowMemory = saverLowMemory
        self.messagePage = messagePage
        self.pagingDepth = pagingDepth
    }

    /// Both ranges in one set.
    package var saverMemory: FrameSet { FrameSet([saverRegion, saverLowMemory]) }
}

extension JumpRecord {
    init(parsing reader: inout ImageReader) throws(ImageError) {
        let entry = try reader.u64()
        jumpBackEntry = entry == 0 ? nil : PhysicalAddress(entry)
        saverRegion = try Self.frames(&reader)
        saverLowMemory = try Self.frames(&reader)
        let page = try reader.u64()
        messagePage = page == 0 ? nil : PhysicalAddress(page)
        let levels = try reader.u32()
        guard let depth = PagingDepth(rawValue: levels) else { throw .pagingLevels(levels) }
        pagingDepth = depth
        try reader.skip(4)
    }

    func serialised() -> [UInt8] {
        var writer = ByteWriter(capacity: 56)
        writer.append(jumpBackEntry?.rawValue ?? 0)
        for range in [saverRegion, saverLowMemory] {
            writer.append(range.lower.rawValue)
            writer.append(range.upper.rawValue)
        }
        writer.append(messagePage?.rawValue ?? 0)
        writer.append(pagingDepth.rawValue)
        writer.append(UInt32(0))
        return writer.bytes
    }

    private static func frames(_ reader: inout ImageReader) throws(ImageError) -> FrameRange {
        let offset = reader.offset
        let lower = try reader.u64()
        let upper = try reader.u64()
        guard lower <= upper, upper <= PageFrame.limit.rawValue else {
            throw .frameRange(offset: offset, lower: lower, upper: upper)
        }
        return FrameRange(PageFrame(lower), PageFrame(upper))
    }
}
