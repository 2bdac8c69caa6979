// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// A cpio archive that the kernel unpacks before the initramfs that follows it.
///
/// Format: "newc", Documentation/driver-api/early-userspace/buffer-format.rst, Linux 6.12: headers
/// of ASCII digits, everything aligned to four bytes; between two archives any number of zeroes.
package struct InitramfsArchive {
    private var writer = ByteWriter()
    private var fileCount: UInt32 = 0

    package init() {}

    /// Adds a file for the archive's owner to read and run.
    ///
    /// - Parameter name: relative to the root, without a directory.
    /// - Returns: where its first byte is in the archive.
    package mutating func addProgram(_ name: String, _ bytes: [UInt8]) -> Int {
        fileCount += 1
        // S_IFREG and what the owner may do.
        appendHeader(name, mode: 0o100700, size: bytes.count)
        let offset = writer.bytes.count
        writer.append(bytes)
        writer.pad(to: writer.bytes.count.roundedUp(to: 4))
        return offset
    }

    /// The archive, ended.
    package func bytes() -> [UInt8] {
        var copy = self
        copy.appendHeader(ArchiveHeader.trailer, mode: 0, size: 0)
        return copy.writer.bytes
    }

    private mutating func appendHeader(_ name: String, mode: UInt32, size: Int) {
        let nameSize = UInt32(name.utf8.count + 1)
        let fields: [UInt32] = [
            fileCount, mode, 0, 0, 1, 0, UInt32(size), 0, 0, 0, 0, nameSize, 0,
        ]
        writer.append("070701".utf8)
        for field in fields {
            let digits = String(field, radix: 16)
            writer.append((String(repeating: "0", count: 8 - digits.count) + digits).utf8)
        }
        writer.append(name.utf8)
        writer.append([0])
        writer.pad(to: writer.bytes.count.roundedUp(to: 4))
    }
}
