// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import SwapArea

extension AreaLayout {
    /// Where an image's area is, and which image's, as its header says it, whatever its state; nil where
    /// there is no header, or it says nothing of that. For the parameter see
    /// ``ImageFront/read(areaSize:readAt:)``; the first run's bytes are where the area seems to be if
    /// it is taken for one run.
    package static func read<E>(
        readAt: (_ offset: UInt64, _ count: Int) throws(E) -> [UInt8]
    ) throws(ImageReadError<E>) -> (layout: AreaLayout, image: ImageID)? {
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
            return (try AreaLayout(parsing: &reader, of: header), header.id)
        } catch { throw .image(error) }
    }

    init(parsing reader: inout ImageReader, of header: ImageHeader) throws(ImageError) {
        let size = UInt64(reader.remaining)
        var runs: [AreaRun] = []
        var memberPages: [DevicePage] = []
        if header.isOnSeveralDevices {
            let count = try reader.u32()
            try reader.skip(4)
            guard 2...UInt32(Self.deviceLimit) ~= count else { throw .layout }
            for _ in 1..<count { memberPages.append(DevicePage(try reader.u64())) }
            while reader.remaining > 0 { runs.append(try AreaRun(parsing: &reader)) }
        } else {
            while reader.remaining > 0 {
                let run = DeviceRun(DevicePage(try reader.u64()), count: try reader.u64())
                runs.append(AreaRun(0, run))
            }
        }
        guard let layout = AreaLayout(runs, memberPages: memberPages),
            layout.deviceCount == memberPages.count + 1, layout.holdsFirst(listSize: size)
        else { throw .layout }
        self = layout
    }

    fileprivate func serialised() throws(ImageError) -> [UInt8] {
        var writer = ByteWriter(capacity: 0)
        if deviceCount > 1 {
            precondition(memberPages.count == deviceCount - 1, "devices that nothing tells")
            writer.append(UInt32(deviceCount))
            writer.append(UInt32(0))
            for page in memberPages { writer.append(page.rawValue) }
            for run in runs { run.append(to: &writer) }
        } else {
            for run in runs.map(\.columns[0].run) {
                writer.append(run.first.rawValue)
                writer.append(run.count)
            }
        }
        guard UInt64(writer.bytes.count) <= SectionKind.layout.sizeLimit,
            holdsFirst(listSize: UInt64(writer.bytes.count))
        else { throw .tooManyAreaRuns(runs.count) }
        return writer.bytes
    }

    /// Whether the first run holds the first pages and the list of runs behind them, on one device.
    private func holdsFirst(listSize: UInt64) -> Bool {
        runs[0].stripe * UInt64(PageFrame.size) >= ImageFormat.firstObject
            + ImageFormat.padded(listSize)
    }
}

/// As the layout of an area on several devices has it.
extension AreaRun {
    fileprivate init(parsing reader: inout ImageReader) throws(ImageError) {
        let columnCount = try reader.u32()
        let stripe = try reader.u32()
        let count = try reader.u64()
        guard 1...UInt32(AreaLayout.deviceLimit) ~= columnCount else { throw .layout }
        var columns: [Column] = []
        for _ in 0..<columnCount {
            let first = DevicePage(try reader.u64())
            columns.append(Column(Int(try reader.u32()), DeviceRun(first, count: count)))
            try reader.skip(4)
        }
        if columnCount == 1, stripe == 0 {
            self.init(columns[0].device, columns[0].run)
        } else if let run = AreaRun(columns, stripe: UInt64(stripe)) {
            self = run
        } else {
            throw .layout
        }
    }

    fileprivate func append(to writer: inout ByteWriter) {
        writer.append(UInt32(columns.count))
        writer.append(columns.count == 1 ? 0 : UInt32(stripe))
        writer.append(columns[0].run.count)
        for column in columns {
            writer.append(column.run.first.rawValue)
            writer.append(UInt32(column.device))
            writer.append(UInt32(0))
        }
    }
}

extension ImageHeader {
    /// Places it; nothing else must be there yet.
    mutating func append(_ layout: AreaLayout) throws(ImageError) -> ImageWrite {
        try append(.layout, layout.serialised())
    }
}
