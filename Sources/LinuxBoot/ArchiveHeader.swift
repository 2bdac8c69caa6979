// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// What is in front of a file in an archive of an initramfs: 110 bytes of ASCII.
///
/// Format: "newc", Documentation/driver-api/early-userspace/buffer-format.rst, Linux 6.12.
struct ArchiveHeader {
    static let size = 110
    /// Of the file behind which there is no other.
    static let trailer = "TRAILER!!!"

    /// In bytes, each below 4 GiB; the name's with the zero at its end.
    let fileSize: Int
    let nameSize: Int

    /// Whether an archive may begin with these bytes, of which there may be fewer than a header has.
    static func begins(_ bytes: some Sequence<UInt8>) -> Bool {
        zip(bytes, "07070".utf8).allSatisfy { $0 == $1 }
    }

    /// Nil where it is none. Requires ``size`` bytes.
    init?(_ bytes: ArraySlice<UInt8>) {
        let number = { (index: Int) in
            let start = bytes.startIndex + 6 + 8 * index
            return UInt32(String(decoding: bytes[start..<start + 8], as: UTF8.self), radix: 16)
        }
        guard Self.begins(bytes), let fileSize = number(6), let nameSize = number(11) else {
            return nil
        }
        self.fileSize = Int(fileSize)
        self.nameSize = Int(nameSize)
    }

    /// From the header's first byte, which is at a multiple of four, to the file's.
    var contentsOffset: Int { (Self.size + nameSize).roundedUp(to: 4) }
    /// To the next header.
    var next: Int { contentsOffset + fileSize.roundedUp(to: 4) }
}
