// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Compression
import LinuxBoot

/// Which of some files an initramfs has in it.
struct InitramfsContents {
    /// By how their names end.
    private let found: Set<String>
    /// It was read to its end, or to the last of what was looked for. Else it is packed by something that
    /// is not read here, or cannot be unpacked.
    private let isRead: Bool

    /// Not the hook's script, which may have the same name.
    static let program = "bin/kresume"

    private static let pieceSize = 8 << 20

    init(of bytes: [UInt8], lookingFor names: Set<String>) {
        (found, isRead) = bytes.withUnsafeBytes { Self.look(into: $0, for: names) }
    }

    /// Nil where it is not known.
    func has(_ name: String) -> Bool? {
        found.contains(name) ? true : isRead ? false : nil
    }

    private static func look(
        into file: UnsafeRawBufferPointer, for names: Set<String>
    ) -> (found: Set<String>, isRead: Bool) {
        var search = Search(wanted: names)
        // Microcode comes first, not packed.
        let count = search.take(file)
        let rest = UnsafeRawBufferPointer(rebasing: file[count...])
        if rest.isEmpty || search.isDone { return (search.found, true) }
        let isRead =
            if rest.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
                search.takeZstandard(rest)
            } else if rest.starts(with: [0x02, 0x21, 0x4c, 0x18]) {
                search.takeLZ4(rest)
            } else { false }
        return (search.found, isRead || search.isDone)
    }

    private struct Search {
        let wanted: Set<String>
        private(set) var found: Set<String> = []
        private var names = ArchiveNames()

        init(wanted: Set<String>) { self.wanted = wanted }

        var isDone: Bool { found == wanted }

        mutating func take(_ piece: UnsafeRawBufferPointer) -> Int {
            var found: Set<String> = []
            let count = names.take(piece) { name in
                found.formUnion(wanted.filter(name.hasSuffix))
            }
            self.found.formUnion(found)
            if count < piece.count { names = ArchiveNames() }
            return count
        }

        /// Returns false where it cannot be unpacked.
        mutating func takeZstandard(_ frames: UnsafeRawBufferPointer) -> Bool {
            guard let decompressor = Zstandard.Decompressor() else { return false }
            let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 16)
            defer { piece.deallocate() }
            var isArchive = true
            do throws(DecompressionError) {
                try decompressor.decompress(frames, through: piece) { bytes in
                    isArchive = take(bytes) == bytes.count
                    return isArchive && !isDone
                }
            } catch { return false }
            return isArchive
        }

        /// The old format, which the kernel reads: blocks of 8 MiB, each after its packed size
        /// (lib/decompress_unlz4.c, Linux 6.12).
        mutating func takeLZ4(_ stream: UnsafeRawBufferPointer) -> Bool {
            let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 16)
            defer { piece.deallocate() }
            var offset = 4
            while offset + 4 <= stream.count, !isDone {
                let size = Int(stream.bytes.u32(at: offset))
                offset += 4
                if size == 0x184c_2102 { continue }
                if size == 0 { break }
                guard size <= stream.count - offset else { return false }
                do throws(DecompressionError) {
                    let block = UnsafeRawBufferPointer(rebasing: stream[offset..<offset + size])
                    let count = try LZ4.decompress(block, intoAtMost: piece)
                    let bytes = UnsafeRawBufferPointer(rebasing: piece[..<count])
                    if take(bytes) < count { return false }
                } catch { return false }
                offset += size
            }
            return true
        }
    }
}
