// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum
import Sealing

/// An entry of a section that is a table. A table may have millions of them, so it is written in
/// pieces, and never in memory as a whole.
protocol TableEntry {
    /// In bytes.
    static var storedSize: Int { get }
    func append(to writer: inout ByteWriter)
}

extension Sequence where Element: TableEntry {
    /// Tells the table's bytes, piece after piece, in order. All but the last are whole pages.
    func forEachPiece(_ body: ([UInt8]) throws -> Void) rethrows {
        // A multiple of any entry's size and of a page's, about a megabyte.
        let size = Element.storedSize * ImageFormat.pageSize * 12
        var writer = ByteWriter(capacity: size)
        for entry in self {
            entry.append(to: &writer)
            if writer.bytes.count == size {
                try body(writer.bytes)
                writer = ByteWriter(capacity: size)
            }
        }
        if !writer.bytes.isEmpty { try body(writer.bytes) }
    }
}

extension ImageHeader {
    /// Places a table at the image's end.
    mutating func append(
        _ kind: SectionKind, table: some Sequence<some TableEntry>
    ) throws(ImageError) {
        let checksum = XXH64.Stream()
        let digest = isSealed ? Digest.Stream() : nil
        var size: UInt64 = 0
        table.forEachPiece { bytes in
            size += UInt64(bytes.count)
            checksum.update(bytes)
            digest?.update(bytes)
        }
        try append(kind, size: size, checksum: checksum.value, digest: digest?.value)
    }
}
