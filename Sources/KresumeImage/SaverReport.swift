// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// What the saver kernel has to say of its work: lines for people, compared with nothing.
enum SaverReport {
    static func parse(_ reader: inout ImageReader) throws(ImageError) -> [String] {
        var lines: [String] = []
        while reader.remaining > 0 {
            let offset = reader.offset
            let count = Int(try reader.u16())
            guard let line = text(try reader.bytes(count)) else {
                throw .text(.report, offset: offset)
            }
            lines.append(line)
        }
        return lines
    }

    /// Throws for what the format cannot hold.
    static func serialised(_ lines: [String]) throws(ImageError) -> [UInt8] {
        var writer = ByteWriter()
        for line in lines {
            let bytes = Array(line.utf8)
            guard isText(bytes) else { throw .text(.report, offset: UInt64(writer.bytes.count)) }
            writer.append(UInt16(bytes.count))
            writer.append(bytes)
        }
        return writer.bytes
    }
}
