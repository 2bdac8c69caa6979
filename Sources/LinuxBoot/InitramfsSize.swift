// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// How much memory an initramfs takes when the kernel has unpacked it.
///
/// It is what its own formats say of that, nothing is unpacked: archives one after the other, each
/// as it is or packed, with zeroes between them (`unpack_to_rootfs`, init/initramfs.c, and
/// lib/decompress.c, Linux 6.12).
package struct InitramfsSize: Hashable, Sendable {
    /// In bytes.
    package private(set) var unpacked: UInt64 = 0
    /// Whether the archives say so; otherwise it is a bound that nothing measured comes near.
    package private(set) var isKnown = true
    /// It ends within an archive. The kernel may wait for ever over such a one (`unlz4`,
    /// lib/decompress_unlz4.c, reads on past the end).
    package private(set) var isCut = false

    /// What is taken for the size of what does not say how large it is. Archives with uncompressed
    /// programs and modules unpack to about three times their size.
    private static let worstRatio: UInt64 = 6

    /// What the kernel has for each file beside its pages, at most: an inode and a name.
    private static let perFile: UInt64 = 1024

    package init(of bytes: [UInt8]) {
        var offset = 0
        while let start = bytes[offset...].firstIndex(where: { $0 != 0 }) {
            let archive = Archive(bytes: bytes, start: start)
            let found: (size: UInt64, end: Int)?
            do throws(Cut) {
                if let (size, end) = try archive.plain() {
                    unpacked += size
                    offset = end
                    continue
                }
                found = try archive.packed()
            } catch {
                isCut = true
                found = nil
            }
            // Nothing is packed to more than it was, or to a thousandth (Deflate's limit).
            if let (size, end) = found, case let packedSize = UInt64(end - start),
                size >= packedSize / 100 * 99, size / 1100 <= packedSize
            {
                // Files take whole pages: an eighth more was the most seen.
                unpacked += size + size / 8
                offset = end
            } else {
                unpacked += UInt64(bytes.count - start) * Self.worstRatio
                isKnown = false
                offset = bytes.count
            }
        }
    }

    private struct Cut: Error {}

    /// An archive that begins somewhere in a file.
    private struct Archive {
        let bytes: [UInt8]
        let start: Int

        private func begins(_ magic: [UInt8]) -> Bool { bytes[start...].starts(with: magic) }

        /// Nil where it is not.
        func plain() throws(Cut) -> (size: UInt64, end: Int)? {
            guard begins(Array("07070".utf8)) else { return nil }
            var size: UInt64 = 0
            var offset = start
            while true {
                let nameStart = offset + ArchiveHeader.size
                if nameStart > bytes.count { throw Cut() }
                guard let header = ArchiveHeader(bytes[offset..<nameStart]) else { return nil }
                if nameStart + header.nameSize > bytes.count { throw Cut() }
                if bytes[nameStart...].starts(with: ArchiveHeader.trailer.utf8) {
                    return (size, min(offset + header.contentsOffset, bytes.count))
                }
                if offset + header.next > bytes.count { throw Cut() }
                size += UInt64(header.fileSize).roundedUp(to: UInt64(PageFrame.size)) + perFile
                offset += header.next
            }
        }

        /// Nil where it does not say.
        func packed() throws(Cut) -> (size: UInt64, end: Int)? {
            if begins([0x28, 0xb5, 0x2f, 0xfd]) { return try zstandard() }
            if begins([0x02, 0x21, 0x4c, 0x18]) { return try lz4() }
            // These are followed by nothing, or what follows is not found.
            let size: UInt64?
            if begins([0x1f, 0x8b]) {
                size = (bytes.integer(at: bytes.count - 4) as UInt32?).map { UInt64($0) }
            } else if begins([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) {
                size = xz()
            } else if begins([0x5d, 0x00, 0x00]) {
                // LZMA's old format: the size, or all ones.
                size = (bytes.integer(at: start + 5) as UInt64?).flatMap {
                    $0 >> 48 == 0 ? $0 : nil
                }
            } else {
                size = nil
            }
            return size.map { ($0, bytes.count) }
        }

        /// A frame of Zstandard, RFC 8878, 3.1.1. The programs that make an initramfs write it into
        /// a pipe, so it seldom says its size; but each block says how large it can be.
        private func zstandard() throws(Cut) -> (size: UInt64, end: Int)? {
            if start + 6 > bytes.count { throw Cut() }
            let descriptor = bytes[start + 4]
            var offset = start + 5
            var blockLimit: UInt64 = 128 << 10
            let isSingle = descriptor & 0x20 != 0
            if !isSingle {
                let window = bytes[offset]
                let base: UInt64 = 1 << (10 + UInt64(window >> 3))
                blockLimit = min(blockLimit, base + base / 8 * UInt64(window & 7))
                offset += 1
            }
            offset += [0, 1, 2, 4][Int(descriptor & 3)]
            let sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
            if offset + sizeBytes > bytes.count { throw Cut() }
            let field = bytes[offset..<offset + sizeBytes].reversed().reduce(UInt64(0)) {
                $0 << 8 | UInt64($1)
            }
            let stated = sizeBytes == 0 ? nil : sizeBytes == 2 ? field + 256 : field
            offset += sizeBytes

            var sum: UInt64 = 0
            while true {
                if offset + 3 > bytes.count { throw Cut() }
                let header =
                    Int(bytes[offset]) | Int(bytes[offset + 1]) << 8 | Int(bytes[offset + 2]) << 16
                offset += 3
                let blockSize = header >> 3
                switch header >> 1 & 3 {
                case 0:
                    sum += UInt64(blockSize)
                    offset += blockSize
                case 1:
                    sum += UInt64(blockSize)
                    offset += 1
                case 2:
                    sum += blockLimit
                    offset += blockSize
                default: return nil
                }
                if header & 1 != 0 { break }
            }
            if descriptor & 4 != 0 { offset += 4 }
            if offset > bytes.count { throw Cut() }
            return (stated ?? sum, offset)
        }

        /// LZ4's old format, which the kernel reads (lib/decompress_unlz4.c, Linux 6.12): blocks of
        /// 8 MiB each but for the last.
        private func lz4() throws(Cut) -> (size: UInt64, end: Int)? {
            var size: UInt64 = 0
            var offset = start + 4
            while let packedSize: UInt32 = bytes.integer(at: offset), packedSize != 0 {
                offset += 4
                // Another one begins.
                if packedSize == 0x184c_2102 { continue }
                offset += Int(packedSize)
                if offset > bytes.count { throw Cut() }
                // Each byte stands for 255 at most.
                size += min(8 << 20, 255 * UInt64(packedSize))
            }
            return (size, offset)
        }

        /// The index at the end of a stream, which must be the only one: The .xz File Format, 2.1.2
        /// and 4.
        private func xz() -> UInt64? {
            guard let last = bytes[start...].lastIndex(where: { $0 != 0 }) else { return nil }
            let footer = last - 11
            guard footer > start, bytes[(footer + 10)...].starts(with: "YZ".utf8),
                let backward: UInt32 = bytes.integer(at: footer + 4)
            else { return nil }
            let index = footer - (Int(backward) + 1) * 4
            // Between the stream's header, of 12 bytes, and its footer.
            guard index >= start + 12, bytes[index] == 0 else { return nil }
            var offset = index + 1
            let number = { () -> UInt64? in
                var value: UInt64 = 0
                for shift in stride(from: UInt64(0), to: 63, by: 7) {
                    guard offset < footer else { return nil }
                    let byte = bytes[offset]
                    offset += 1
                    value |= UInt64(byte & 0x7f) << shift
                    if byte & 0x80 == 0 { return value }
                }
                return nil
            }
            guard let count = number(), count <= UInt64(footer) else { return nil }
            var blocks: UInt64 = 0
            var size: UInt64 = 0
            for _ in 0..<count {
                guard let packedSize = number(), packedSize <= UInt64(footer),
                    let unpackedSize = number(), unpackedSize >> 48 == 0
                else { return nil }
                blocks += packedSize.roundedUp(to: 4)
                size += unpackedSize
                guard size >> 48 == 0 else { return nil }
            }
            return blocks == UInt64(index - start - 12) ? size : nil
        }
    }
}
