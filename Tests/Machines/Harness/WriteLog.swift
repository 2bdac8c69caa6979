// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// What a machine has written to a disk, in the order in which the disk was done with it: the file
/// that QEMU's driver `blklogwrites` makes (see ``Disk/writeLog``).
///
/// The format is the one of Linux's dm-log-writes (drivers/md/dm-log-writes.c, Linux 6.12): a sector
/// with magic, version, number of entries and size of a sector; then each entry in a sector, with
/// its first sector, its number of sectors and its flags, and behind it what was written.
package struct WriteLog: Sendable {
    /// Bytes that were written to a disk in one go, or a part of them.
    package struct Write: Hashable, Sendable {
        /// On the disk, in bytes.
        package var offset: Int
        /// In bytes.
        package var count: Int
        /// Where in the log's file they are, in bytes.
        fileprivate var position: Int

        package var range: Range<Int> { offset..<(offset + count) }

        /// The bytes of `range`, counted from this write's own first one.
        package func part(_ range: Range<Int>) -> Write {
            Write(
                offset: offset + range.lowerBound, count: range.count,
                position: position + range.lowerBound)
        }
    }

    /// The writes between one flush and the next. Of these, a power cut may leave any; of those
    /// before, none is lost.
    package private(set) var epochs: [[Write]]

    private let file: FileHandle

    private static let magic: UInt64 = 0x6a_7366_7773_6872
    private static let flush: UInt64 = 1
    package static let sectorSize = 512

    package init(_ path: String) throws {
        file = try FileHandle(forReadingFrom: URL(filePath: path))
        // QEMU begins it with the first flush.
        if try file.seekToEnd() == 0 {
            epochs = []
            return
        }
        let head = try Self.integers(4, of: file, at: 0)
        guard head[0] == Self.magic, head[1] == 1, head[3] == Self.sectorSize else {
            throw MachineError.notStarted(EINVAL, "\(path) is no log of writes: \(head)")
        }
        var epochs: [[Write]] = [[]]
        var position = Self.sectorSize
        for _ in 0..<head[2] {
            let entry = try Self.integers(3, of: file, at: position)
            position += Self.sectorSize
            let write = Write(
                offset: Int(entry[0]) * Self.sectorSize, count: Int(entry[1]) * Self.sectorSize,
                position: position)
            switch entry[2] {
            case 0:
                epochs[epochs.count - 1].append(write)
                position += write.count
            case Self.flush where write.count == 0: epochs.append([])
            default: throw MachineError.notStarted(EINVAL, "\(path): flags \(entry[2])")
            }
        }
        self.epochs = epochs
    }

    /// The same of a machine that flushes nothing.
    package var withoutFlushes: WriteLog {
        var copy = self
        copy.epochs = [Array(epochs.joined())]
        return copy
    }

    package func bytes(of write: Write) throws -> [UInt8] {
        try Self.bytes(write.count, of: file, at: write.position)
    }

    private static func integers(
        _ count: Int, of file: FileHandle, at position: Int
    ) throws -> [UInt64] {
        let bytes = try bytes(count * 8, of: file, at: position)
        return (0..<count).map { index in
            bytes[(index * 8)..<(index * 8 + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    private static func bytes(
        _ count: Int, of file: FileHandle, at position: Int
    ) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard pread(file.fileDescriptor, &bytes, count, off_t(position)) == count else {
            throw MachineError.notStarted(EIO, "a log of writes ends at byte \(position)")
        }
        return bytes
    }
}
