// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// What it takes to walk a file system that nobody has mounted. What is not understood, or cannot be read,
/// is passed over.
protocol FileTree {
    var root: FileNumber { get }

    func file(_ number: FileNumber) -> File?

    /// Tells of everything in a directory, until it is answered false.
    func entries(of directory: File, _ tell: (DirectoryEntry) -> Bool)

    /// Where a file's first byte is, in bytes from the device's beginning. Nil where nothing is there, or
    /// something else than what the file holds.
    func firstByte(of file: File) -> UInt64?
}

struct FileNumber {
    /// Of btrfs, the number of the subvolume.
    var tree: UInt64 = 0
    var number: UInt64
}

/// What is in a directory. (A class, as is `File`: copies of structs take room in the program.)
final class DirectoryEntry {
    /// Not always known.
    enum Kind: UInt8 {
        case unknown, file, directory, other
    }

    let name: [UInt8]
    let number: FileNumber
    let kind: Kind

    init(_ name: [UInt8], _ number: FileNumber, _ kind: Kind) {
        self.name = name
        self.number = number
        self.kind = kind
    }

    /// The directory itself, or its parent.
    var isDots: Bool {
        name.count <= 2 && name.allSatisfy { $0 == UInt8(ascii: ".") }
    }
}

final class File {
    let number: FileNumber
    let mode: UInt64
    let owner: UInt64
    /// In bytes.
    let size: UInt64
    /// As it is on the disk.
    let inode: [UInt8]

    init(_ number: FileNumber, mode: UInt64, owner: UInt64, size: UInt64, inode: [UInt8]) {
        self.number = number
        self.mode = mode
        self.owner = owner
        self.size = size
        self.inode = inode
    }

    private static let typeMask: UInt64 = 0o170000

    /// Of root's, and nobody else can read it: as mkswap wants it. Whatever looks like an image is going to
    /// run as the kernel.
    var mayBeSwapFile: Bool {
        // Of ten pages, the least that mkswap takes.
        mode & Self.typeMask == 0o100000 && mode & 0o077 == 0 && owner == 0 && size >= 40960
    }

    /// Whether nobody but root can put something into it.
    var isRootsDirectory: Bool {
        mode & Self.typeMask == 0o040000 && mode & 0o022 == 0 && owner == 0
    }
}
