// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import SwapArea

extension AreaLayout {
    private static let runSize = 16

    /// Where an image's area is on its device, as its header says it, whatever its state; nil where
    /// there is no header, or it says nothing of that. For the parameter see
    /// ``ImageFront/read(areaSize:readAt:)``; the first run's bytes are where the area seems to be if
    /// it is taken for one run.
    package static func read<E>(
        readAt: (_ offset: UInt64, _ count: Int) throws(E) -> [UInt8]
    ) throws(ImageReadError<E>) -> AreaLayout? {
        let page = try readPages(at: ImageFormat.headerOffset, size: ImageFormat.pageSize, readAt)
        // What is wrong with it is told by those who need a header.
        guard let header = try? ImageHeader(parsing: page), header.hasLayout else { return nil }
        guard let section = header.sections.first(where: { $0.kind == .layout }) else {
            throw .image(.missingSection(.layout))
        }
        guard section.size <= section.kind.sizeLimit else {
            throw .image(
                .sectionSize(.layout, section.size, limit: section.kind.sizeLimit))
        }
        guard section.offset == ImageFormat.firstObject else { throw .image(.layout) }
        let bytes = try section.read(readAt)
        do throws(ImageError) {
            var reader = ImageReader(bytes, at: section.offset)
            return try AreaLayout(parsing: &reader)
        } catch { throw .image(error) }
    }

    init(parsing reader: inout ImageReader) throws(ImageError) {
        let size = UInt64(reader.remaining)
        var runs: [DeviceRun] = []
        runs.reserveCapacity(reader.remaining / Self.runSize)
        while reader.remaining > 0 {
            runs.append(DeviceRun(DevicePage(try reader.u64()), count: try reader.u64()))
        }
        guard let layout = AreaLayout(runs), layout.holdsFirst(listSize: size) else {
            throw .layout
        }
        self = layout
    }

    fileprivate func serialised() throws(ImageError) -> [UInt8] {
        var writer = ByteWriter(capacity: runs.count * Self.runSize)
        for run in runs {
            writer.append(run.first.rawValue)
            writer.append(run.count)
        }
        guard UInt64(writer.bytes.count) <= SectionKind.layout.sizeLimit,
            holdsFirst(listSize: UInt64(writer.bytes.count))
        else { throw .tooManyAreaRuns(runs.count) }
        return writer.bytes
    }

    /// Whether the first run holds the first pages and the list of runs behind them.
    private func holdsFirst(listSize: UInt64) -> Bool {
        runs[0].count * UInt64(PageFrame.size) >= ImageFormat.firstObject
            + ImageFormat.padded(listSize)
    }
}

extension ImageHeader {
    /// Places it; nothing else must be there yet.
    mutating func append(_ layout: AreaLayout) throws(ImageError) -> ImageWrite {
        try append(.layout, layout.serialised())
    }
}
