// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// One entry of a PT_NOTE.
package struct ELFNote: Hashable, Sendable {
    /// Without the terminating zero.
    package var name: String
    package var type: UInt32
    package var descriptor: [UInt8]
    /// The whole note: header, name and descriptor, each padded to four bytes.
    package var bytes: [UInt8]

    /// Reads the notes of a PT_NOTE up to its end, or to one without a name: there the kernel
    /// stops too (fs/proc/vmcore.c, Linux 6.12).
    package static func parse(_ notes: [UInt8]) throws(CoreDumpError) -> [ELFNote] {
        var result: [ELFNote] = []
        var offset = 0
        while let nameSize: UInt32 = notes.integer(at: offset),
            let descriptorSize: UInt32 = notes.integer(at: offset + 4),
            let type: UInt32 = notes.integer(at: offset + 8), nameSize != 0
        {
            // 32-bit sizes: the sums cannot overflow.
            let nameStart = offset + 12
            let descriptorStart = nameStart + padded(nameSize)
            let end = descriptorStart + padded(descriptorSize)
            guard end <= notes.count else { throw .invalidNote(offset: offset) }
            let name = notes[nameStart..<nameStart + Int(nameSize)]
            result.append(
                ELFNote(
                    name: String(decoding: name.prefix { $0 != 0 }, as: UTF8.self), type: type,
                    descriptor: Array(
                        notes[descriptorStart..<descriptorStart + Int(descriptorSize)]),
                    bytes: Array(notes[offset..<end])))
            offset = end
        }
        return result
    }

    private static func padded(_ size: UInt32) -> Int { (Int(size) + 3) & ~3 }
}
