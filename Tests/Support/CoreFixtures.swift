// SPDX-License-Identifier: GPL-2.0-or-later

/// Little-endian bytes put together field by field.
package struct FieldBytes {
    package var bytes: [UInt8]

    package init(bytes: [UInt8] = []) { self.bytes = bytes }

    package mutating func add<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    package mutating func pad(to multiple: Int) {
        while bytes.count % multiple != 0 { bytes.append(0) }
    }
}

/// One program header.
package struct Program {
    package var type: UInt32
    package var offset: UInt64
    package var address: UInt64
    package var fileSize: UInt64
    package var memorySize: UInt64?

    package init(
        type: UInt32 = 1, offset: UInt64, address: UInt64, fileSize: UInt64,
        memorySize: UInt64? = nil
    ) {
        self.type = type
        self.offset = offset
        self.address = address
        self.fileSize = fileSize
        self.memorySize = memorySize
    }
}

/// The headers of a core.
package func core(_ programs: [Program]) -> [UInt8] {
    var file = FieldBytes(
        bytes: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9))
    file.add(UInt16(4))
    file.add(UInt16(62))
    file.add(UInt32(1))
    for field in [UInt64(0), 64, 0] { file.add(field) }
    file.add(UInt32(0))
    for field in [UInt16(64), 56, UInt16(programs.count), 0, 0, 0] { file.add(field) }
    for program in programs {
        file.add(program.type)
        file.add(UInt32(7))
        file.add(program.offset)
        file.add(program.address &+ 0xffff_8880_0000_0000)
        file.add(program.address)
        file.add(program.fileSize)
        file.add(program.memorySize ?? program.fileSize)
        file.add(UInt64(4096))
    }
    return file.bytes
}

/// One note, padded.
package func note(_ name: String, type: UInt32 = 0, _ descriptor: [UInt8]) -> [UInt8] {
    var note = FieldBytes()
    note.add(UInt32(name.utf8.count + 1))
    note.add(UInt32(descriptor.count))
    note.add(type)
    note.bytes += Array(name.utf8) + [0]
    note.pad(to: 4)
    note.bytes += descriptor
    note.pad(to: 4)
    return note.bytes
}
