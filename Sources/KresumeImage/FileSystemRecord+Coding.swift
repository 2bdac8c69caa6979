// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Fingerprint

extension FileSystemRecord {
    private static let identityLimit = 64
    private static let valueLimit = 64

    /// A kind of file system that this reader does not know is passed over.
    static func parse(_ reader: inout ImageReader) throws(ImageError) -> [FileSystemRecord] {
        var records: [FileSystemRecord] = []
        while reader.remaining > 0 {
            if let record = try FileSystemRecord(parsing: &reader) { records.append(record) }
        }
        return records
    }

    private init?(parsing reader: inout ImageReader) throws(ImageError) {
        let offset = reader.offset
        let kind = FileSystemKind(rawValue: try reader.u16())
        let flags = try reader.u16()
        let identitySize = Int(try reader.u16())
        let valueCount = Int(try reader.u16())
        guard flags < 8, (1...Self.identityLimit).contains(identitySize),
            valueCount <= Self.valueLimit
        else { throw .fileSystem(offset: offset) }
        let identity = Array(try reader.bytes(identitySize))
        var values: [FileSystemState.Value] = []
        for _ in 0..<valueCount {
            let field = FileSystemState.Field(rawValue: try reader.u16())
            if let last = values.last, last.field.rawValue >= field.rawValue {
                throw .fileSystem(offset: offset)
            }
            values.append(FileSystemState.Value(field, try reader.u64()))
        }
        device = try Self.text(&reader)
        self.kind = try Self.text(&reader)
        mountPoint = try Self.text(&reader)
        isReadWrite = flags & 1 != 0
        onlyWarns = flags & 2 != 0
        isAsMounted = flags & 4 != 0
        guard let kind else { return nil }
        state = FileSystemState(kind: kind, identity: identity, values: values)
    }

    func append(to writer: inout ByteWriter) {
        let values = state.values
        writer.append(state.kind.rawValue)
        writer.append(
            UInt16((isReadWrite ? 1 : 0) | (onlyWarns ? 2 : 0) | (isAsMounted ? 4 : 0)))
        writer.append(UInt16(state.identity.count))
        writer.append(UInt16(values.count))
        writer.append(state.identity)
        for value in values {
            writer.append(value.field.rawValue)
            writer.append(value.value)
        }
        for text in [device, kind, mountPoint] {
            let bytes = Array(text.utf8)
            writer.append(UInt16(bytes.count))
            writer.append(bytes)
        }
    }

    private static func text(_ reader: inout ImageReader) throws(ImageError) -> String {
        let offset = reader.offset
        let count = Int(try reader.u16())
        guard let string = KresumeImage.text(try reader.bytes(count)) else {
            throw .text(.fileSystems, offset: offset)
        }
        return string
    }
}

extension [FileSystemRecord] {
    /// Throws for texts that the format cannot hold.
    func serialised() throws(ImageError) -> [UInt8] {
        var writer = ByteWriter()
        for record in self {
            for text in [record.device, record.kind, record.mountPoint]
            where !isText([UInt8](text.utf8)) {
                throw .text(.fileSystems, offset: UInt64(writer.bytes.count))
            }
            record.append(to: &writer)
        }
        return writer.bytes
    }
}
