// SPDX-License-Identifier: GPL-2.0-or-later

/// The names of the files in an unpacked initramfs, which may come in pieces: archives one after the
/// other, with zeroes between.
package struct ArchiveNames {
    private var header: ArchiveHeader?
    /// Of the header, or of the name behind it: what has come.
    private var bytes: [UInt8] = []
    private var skipped = 0

    /// PATH_MAX, with its zero.
    private static let nameLimit = 4096

    package init() {}

    /// Calls `body` with each name.
    ///
    /// - Returns: how many of the bytes belong to archives: all, or those before something else begins.
    package mutating func take(_ piece: UnsafeRawBufferPointer, _ body: (String) -> Void) -> Int {
        var position = 0
        while position < piece.count {
            if skipped > 0 {
                let count = min(skipped, piece.count - position)
                position += count
                skipped -= count
                continue
            }
            if header == nil, bytes.isEmpty, piece[position] == 0 {
                position += 1
                continue
            }
            let count = min(needed - bytes.count, piece.count - position)
            bytes += piece[position..<position + count]
            position += count
            if let header {
                guard bytes.count == needed else { break }
                let name = String(decoding: bytes.prefix(header.nameSize - 1), as: UTF8.self)
                body(name)
                let size = name == ArchiveHeader.trailer ? header.contentsOffset : header.next
                skipped = size - ArchiveHeader.size - bytes.count
                self.header = nil
            } else {
                if ArchiveHeader.begins(bytes), bytes.count < needed { break }
                header = bytes.count < needed ? nil : ArchiveHeader(bytes[...])
                guard let header, 1...Self.nameLimit ~= header.nameSize else {
                    return max(position - bytes.count, 0)
                }
            }
            bytes.removeAll(keepingCapacity: true)
        }
        return piece.count
    }

    private var needed: Int { header?.nameSize ?? ArchiveHeader.size }
}
