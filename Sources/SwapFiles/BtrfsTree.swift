// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// btrfs on one device, as its last transaction has left it.
///
/// Source: `struct btrfs_super_block`, `struct btrfs_chunk`, `struct btrfs_header`, `struct btrfs_item`,
/// `struct btrfs_root_item`, `struct btrfs_dir_item`, `struct btrfs_inode_item`,
/// `struct btrfs_file_extent_item`, include/uapi/linux/btrfs_tree.h; Linux 6.12. Little endian.
final class BtrfsTree: FileTree {
    private let disk: DiskReader
    /// In bytes.
    private let nodeSize: UInt64
    private let device: UInt64
    private let rootTree: Root
    /// Of the chunks that lie in one piece: first address, size, and place on the device, in bytes.
    private var addresses: [UInt64] = []
    private var sizes: [UInt64] = []
    private var places: [UInt64] = []
    /// The subvolume that was looked up last.
    private var subvolume: (number: UInt64, root: Root)?

    private struct Root {
        var address: UInt64
        var level: UInt8
    }

    private struct Key {
        var object: UInt64
        var type: UInt8
        var offset: UInt64

        init(_ object: UInt64, _ type: UInt8, _ offset: UInt64) {
            (self.object, self.type, self.offset) = (object, type, offset)
        }

        init(_ bytes: [UInt8], _ place: Int) {
            self.init(bytes.little(place, 8), bytes[place + 8], bytes.little(place + 9, 8))
        }

        func isBefore(_ other: Key) -> Bool {
            if object != other.object { return object < other.object }
            if type != other.type { return type < other.type }
            return offset < other.offset
        }
    }

    /// What a tree has at a key.
    private final class Item {
        /// Of the key.
        let offset: UInt64
        let data: [UInt8]

        init(_ offset: UInt64, _ data: [UInt8]) { (self.offset, self.data) = (offset, data) }
    }

    /// BTRFS_*_KEY.
    private enum Kind {
        static let inode: UInt8 = 1
        static let directoryIndex: UInt8 = 96
        static let extent: UInt8 = 108
        static let root: UInt8 = 132
        static let chunk: UInt8 = 228
    }

    static func superblock(_ disk: DiskReader) -> [UInt8]? {
        guard let bytes = disk.bytes(at: 65536, count: 4096),
            bytes[64..<72].elementsEqual("_BHRfS_M".utf8)
        else { return nil }
        return bytes
    }

    /// Whether it is on no other device.
    static func isAlone(_ superblock: [UInt8]) -> Bool { superblock.little(136, 8) == 1 }

    /// Nil where the chunks cannot be read.
    init?(_ superblock: [UInt8], _ disk: DiskReader) {
        self.disk = disk
        nodeSize = superblock.little(148, 4)
        device = superblock.little(201, 8)
        rootTree = Root(address: superblock.little(80, 8), level: superblock[198])
        // BTRFS_MAX_METADATA_BLOCKSIZE, BTRFS_SYSTEM_CHUNK_ARRAY_SIZE
        let size = Int(superblock.little(160, 4))
        guard (4096...65536).contains(nodeSize), size <= 2048 else { return nil }
        var place = 811
        while place + 17 + 80 <= 811 + size {
            let stripes = add(superblock, place + 17, at: superblock.little(place + 9, 8))
            place += 17 + 48 + 32 * stripes
        }
        let chunks = Root(address: superblock.little(88, 8), level: superblock[199])
        // BTRFS_FIRST_CHUNK_TREE_OBJECTID
        for item in items(chunks, 256, Kind.chunk) where item.data.count >= 80 {
            _ = add(item.data, 0, at: item.offset)
        }
        if addresses.isEmpty { return nil }
    }

    /// BTRFS_FS_TREE_OBJECTID, BTRFS_FIRST_FREE_OBJECTID
    let root = FileNumber(tree: 5, number: 256)

    /// Notes a chunk. Requires 80 bytes of it.
    ///
    /// - Returns: how many stripes it has.
    private func add(_ bytes: [UInt8], _ place: Int, at address: UInt64) -> Int {
        let size = bytes.little(place, 8)
        let type = bytes.little(place + 24, 8)
        let stripes = Int(bytes.little(place + 44, 2))
        let below = bytes.little(place + 56, 8)
        // One piece, or BTRFS_BLOCK_GROUP_DUP: a copy of it.
        guard stripes == 1 || type & 0x20 != 0, bytes.little(place + 48, 8) == device,
            sum(address, size) != nil, sum(below, size) != nil, addresses.count < 1 << 16
        else { return stripes }
        addresses.append(address)
        sizes.append(size)
        places.append(below)
        return stripes
    }

    private func place(of address: UInt64) -> UInt64? {
        for index in addresses.indices
        where addresses[index] <= address && address - addresses[index] < sizes[index] {
            return places[index] + (address - addresses[index])
        }
        return nil
    }

    /// The items of an object in a tree that are of one type.
    private func items(
        _ root: Root, _ object: UInt64, _ type: UInt8, limit: Int = 1 << 16
    ) -> [Item] {
        var items: [Item] = []
        addItems(root, Key(object, type, 0), to: &items, limit)
        return items
    }

    /// - Parameter first: the least key that is meant; the last one has the greatest offset.
    private func addItems(_ root: Root, _ first: Key, to items: inout [Item], _ limit: Int) {
        // BTRFS_MAX_LEVEL
        guard root.level < 8, let place = place(of: root.address),
            let node = disk.bytes(at: place, count: Int(nodeSize)),
            node.little(48, 8) == root.address, node[100] == root.level
        else { return }
        let last = Key(first.object, first.type, .max)
        let width = root.level == 0 ? 25 : 33
        for index in 0..<min(Int(node.little(96, 4)), (node.count - 101) / width) {
            let start = 101 + width * index
            let key = Key(node, start)
            if last.isBefore(key) || items.count >= limit { return }
            if root.level == 0 {
                if key.isBefore(first) { continue }
                let offset = 101 + Int(node.little(start + 17, 4))
                let size = Int(node.little(start + 21, 4))
                guard offset <= node.count, size <= node.count - offset else { continue }
                items.append(Item(key.offset, Array(node[offset..<offset + size])))
            } else {
                // What is before the next key is in this child.
                if index + 1 < (node.count - 101) / width, index + 1 < Int(node.little(96, 4)),
                    Key(node, start + width).isBefore(first)
                {
                    continue
                }
                let child = Root(address: node.little(start + 17, 8), level: root.level - 1)
                addItems(child, first, to: &items, limit)
            }
        }
    }

    private func subvolume(_ number: UInt64) -> Root? {
        if let subvolume, subvolume.number == number { return subvolume.root }
        // Of several the last one counts.
        guard let item = items(rootTree, number, Kind.root).last?.data, item.count >= 239 else {
            return nil
        }
        let root = Root(address: item.little(176, 8), level: item[238])
        subvolume = (number, root)
        return root
    }

    func file(_ number: FileNumber) -> File? {
        guard let root = subvolume(number.tree),
            let inode = items(root, number.number, Kind.inode, limit: 1).first?.data,
            inode.count >= 160
        else { return nil }
        return File(
            number, mode: inode.little(52, 4), owner: inode.little(44, 4),
            size: inode.little(16, 8),
            inode: inode)
    }

    func entries(of directory: File, _ tell: (DirectoryEntry) -> Bool) {
        guard let volume = subvolume(directory.number.tree) else { return }
        for item in items(volume, directory.number.number, Kind.directoryIndex) {
            let data = item.data
            guard data.count >= 30, case let end = 30 + Int(data.little(27, 2)), end <= data.count
            else { continue }
            let target = Key(data, 0)
            // Else it is in the same subvolume.
            let isSubvolume = target.type == Kind.root
            let entry = DirectoryEntry(
                Array(data[30..<end]),
                FileNumber(
                    tree: isSubvolume ? target.object : directory.number.tree,
                    number: isSubvolume ? root.number : target.object),
                DirectoryEntry.Kind(rawValue: data[29]) ?? .other)
            if !tell(entry) { return }
        }
    }

    func firstByte(of file: File) -> UInt64? {
        guard let root = subvolume(file.number.tree),
            let item = items(root, file.number.number, Kind.extent, limit: 1).first,
            // BTRFS_FILE_EXTENT_REG and PREALLOC, neither packed nor encrypted.
            item.offset == 0, item.data.count >= 53, (1...2).contains(item.data[20]),
            item.data.little(16, 4) == 0, item.data.little(21, 8) != 0
        else { return nil }
        return sum(item.data.little(21, 8), item.data.little(37, 8)).flatMap { place(of: $0) }
    }
}
