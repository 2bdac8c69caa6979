// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import SwapArea

/// The swap files in the first levels of a file system that nobody has mounted: which, and where they
/// begin on the device. Nothing is replayed: of what only a journal has, nothing is known.
package struct SwapFiles: Sendable {
    package struct Found: Sendable {
        /// From the root of the file system; of btrfs, from that of its uppermost subvolume.
        package var path: String
        /// In bytes from the device's beginning; a multiple of 4096.
        package var offset: UInt64
        /// By the first page.
        package var kind: SignaturePage.Kind
    }

    /// `ext4` (also ext2 and ext3), `xfs` or `btrfs`.
    package let fileSystem: String
    package private(set) var files: [Found] = []
    /// Why there may be others; nil where there are none.
    package private(set) var gap: Gap?

    package enum Gap: Sendable {
        /// It would have taken too long.
        case late
        /// What it is on is one of several.
        case severalDevices
    }

    /// Nil where none of these file systems is on the device, of `size` bytes.
    ///
    /// - Parameters:
    ///   - isLate: asked again and again: whether to give up.
    ///   - readAt: reads a number of bytes at an offset; nil where that failed.
    package init?(
        size: UInt64, unless isLate: @escaping () -> Bool,
        readAt: @escaping (_ offset: UInt64, _ count: Int) -> [UInt8]?
    ) {
        let pieces = Pieces(size: size, readAt)
        var hasGivenUp = false
        let disk = DiskReader(size: size, limit: 1 << 32) { offset, count in
            hasGivenUp = hasGivenUp || isLate()
            return hasGivenUp ? nil : pieces.bytes(at: offset, count: count)
        }
        let tree: any FileTree
        if let ext = ExtTree(disk) {
            (tree, fileSystem) = (ext, "ext4")
        } else if let xfs = XFSTree(disk) {
            (tree, fileSystem) = (xfs, "xfs")
        } else if let superblock = BtrfsTree.superblock(disk) {
            fileSystem = "btrfs"
            guard BtrfsTree.isAlone(superblock) else {
                gap = .severalDevices
                return
            }
            guard let btrfs = BtrfsTree(superblock, disk) else {
                gap = hasGivenUp ? .late : nil
                return
            }
            tree = btrfs
        } else {
            return nil
        }
        var walk = Walk(tree: tree, disk: disk)
        walk.run()
        files = walk.found
        if hasGivenUp || disk.isExhausted || pieces.isExhausted || walk.isCutShort { gap = .late }
    }
}

/// Goes through the directories, those first that are near the root, and those whose names say that swap
/// files are in them.
private struct Walk {
    let tree: any FileTree
    let disk: DiskReader
    private(set) var found: [SwapFiles.Found] = []
    /// Whether there was more to look at than is looked at.
    private(set) var isCutShort = false
    /// How many more entries are looked at.
    private var left = 1 << 17

    /// How many directories are between the root and a file, at most; of those with such a name, more.
    private static let depth = 3
    private static let more = 2
    private static let swap = Array("swap".utf8)

    init(tree: any FileTree, disk: DiskReader) {
        (self.tree, self.disk) = (tree, disk)
    }

    private final class Directory {
        let file: File
        let path: [UInt8]
        let depth: Int
        /// Whether its path says that swap files are in it.
        let isNamed: Bool

        init(_ file: File, _ path: [UInt8], depth: Int, isNamed: Bool) {
            (self.file, self.path, self.depth, self.isNamed) = (file, path, depth, isNamed)
        }
    }

    mutating func run() {
        guard let root = tree.file(tree.root), root.isRootsDirectory else { return }
        var next = [Directory(root, [], depth: 0, isNamed: false)]
        var named: [Directory] = []
        var index = 0
        while true {
            let directory: Directory
            if let last = named.popLast() {
                directory = last
            } else if index < next.count {
                directory = next[index]
                index += 1
            } else {
                return
            }
            look(through: directory, &next, &named)
        }
    }

    private mutating func look(
        through directory: Directory, _ next: inout [Directory], _ named: inout [Directory]
    ) {
        let tree = tree
        tree.entries(of: directory.file) { entry in
            if left == 0 {
                isCutShort = true
                return false
            }
            left -= 1
            if entry.kind == .other || entry.isDots { return true }
            let isNamed = directory.isNamed || entry.name.has(Self.swap)
            let isDeep = directory.depth >= Self.depth + (isNamed ? Self.more : 0)
            if entry.kind == .directory, isDeep { return true }
            guard let file = tree.file(entry.number) else { return true }
            let path = directory.path + [UInt8(ascii: "/")] + entry.name
            if file.mayBeSwapFile, entry.kind != .directory {
                look(at: file, path)
            } else if file.isRootsDirectory, entry.kind != .file, !isDeep {
                let inner = Directory(file, path, depth: directory.depth + 1, isNamed: isNamed)
                if isNamed { named.append(inner) } else { next.append(inner) }
            }
            return true
        }
    }

    private mutating func look(at file: File, _ path: [UInt8]) {
        guard let offset = tree.firstByte(of: file), offset.isMultiple(of: UInt64(PageFrame.size)),
            let page = disk.bytes(at: offset, count: PageFrame.size)
        else { return }
        let kind = SignaturePage(page).kind
        if kind == .unknown { return }
        found.append(
            SwapFiles.Found(
                path: String(decoding: path, as: UTF8.self), offset: offset, kind: kind))
    }
}

extension [UInt8] {
    /// Whether `word`, in small letters, is in it, in whatever letters.
    fileprivate func has(_ word: [UInt8]) -> Bool {
        guard count >= word.count else { return false }
        for start in 0...count - word.count {
            var length = 0
            while length < word.count, self[start + length] | 0x20 == word[length] { length += 1 }
            if length == word.count { return true }
        }
        return false
    }
}

/// What was read last: of what is wanted next most is near it.
private final class Pieces {
    private let size: UInt64
    private let read: (_ offset: UInt64, _ count: Int) -> [UInt8]?
    private var numbers: [UInt64]
    private var pieces: [[UInt8]]
    private var oldest = 0
    var isExhausted: Bool { left == 0 }

    private static let pieceSize: UInt64 = 16 << 10
    private static let limit = 128
    /// How many are read in all: 256 MiB.
    private var left = 1 << 14

    init(size: UInt64, _ read: @escaping (_ offset: UInt64, _ count: Int) -> [UInt8]?) {
        self.size = size
        self.read = read
        numbers = [UInt64](repeating: .max, count: Self.limit)
        pieces = [[UInt8]](repeating: [], count: Self.limit)
    }

    /// Requires that they are on the device.
    func bytes(at offset: UInt64, count: Int) -> [UInt8]? {
        let end = offset + UInt64(count)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        var position = offset
        while position < end {
            let number = position / Self.pieceSize
            guard let piece = piece(number) else { return nil }
            let start = Int(position - number * Self.pieceSize)
            let stop = min(piece.count, start + Int(end - position))
            if stop <= start { return nil }
            bytes.append(contentsOf: piece[start..<stop])
            position += UInt64(stop - start)
        }
        return bytes
    }

    private func piece(_ number: UInt64) -> [UInt8]? {
        if let place = numbers.firstIndex(of: number) { return pieces[place] }
        let offset = number * Self.pieceSize
        if left == 0 { return nil }
        left -= 1
        guard let piece = read(offset, Int(min(Self.pieceSize, size - offset))) else { return nil }
        numbers[oldest] = number
        pieces[oldest] = piece
        oldest = (oldest + 1) % Self.limit
        return piece
    }
}
