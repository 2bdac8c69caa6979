// SPDX-License-Identifier: GPL-2.0-or-later

/// Little-endian bytes put together field by field.
struct Bytes {
    var bytes: [UInt8] = []

    mutating func add<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    mutating func pad(to multiple: Int) {
        while bytes.count % multiple != 0 { bytes.append(0) }
    }
}

/// One program header.
struct Program {
    var type: UInt32 = 1
    var offset: UInt64
    var address: UInt64
    var fileSize: UInt64
    var memorySize: UInt64?
}

/// The headers of a core.
func core(_ programs: [Program]) -> [UInt8] {
    var file = Bytes(bytes: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9))
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
func note(_ name: String, type: UInt32 = 0, _ descriptor: [UInt8]) -> [UInt8] {
    var note = Bytes()
    note.add(UInt32(name.utf8.count + 1))
    note.add(UInt32(descriptor.count))
    note.add(type)
    note.bytes += Array(name.utf8) + [0]
    note.pad(to: 4)
    note.bytes += descriptor
    note.pad(to: 4)
    return note.bytes
}
