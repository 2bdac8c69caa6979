// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

/// A swap file that is to be made.
struct NewSwapFile: Hashable, Sendable {
    let path: FilePath
    /// In bytes.
    let size: UInt64
    /// Of a btrfs: what is in a subvolume of its own is in no snapshot of another one.
    let subvolume: FilePath?
    let isOnBtrfs: Bool

    private static let unit: UInt64 = 1 << 30
    /// What a file system needs beside it, in bytes.
    private static let reserve: UInt64 = 64 << 20

    /// - Parameters:
    ///   - named: nil for one of the system's root.
    ///   - size: nil for as much as there is memory: no image is larger.
    ///   - note: one that is half made is made again.
    init(
        _ named: FilePath?, size: UInt64?, _ note: SetupNote, on machine: any Machine
    ) throws {
        let directory = named?.removingLastComponent() ?? "/"
        let mount = try machine.mounts()
            .filter { directory == $0.mountPoint || directory.starts(with: $0.mountPoint) }
            .max { $0.mountPoint.components.count < $1.mountPoint.components.count }
        let kind = mount?.fileSystem ?? "nothing"
        guard ["ext4", "xfs", "btrfs"].contains(kind) else {
            throw SetupError.fileSystem(directory, kind)
        }
        isOnBtrfs = kind == "btrfs"
        subvolume = named == nil && isOnBtrfs ? "/swap" : nil
        path = named ?? (isOnBtrfs ? "/swap/swapfile" : "/swapfile")
        let isOurs = note.changes.contains(.swapFile(path))
        if machine.exists(path), !isOurs { throw SetupError.exists(path) }
        let memory = try machine.memory().total
        self.size = size ?? (memory + Self.unit - 1) / Self.unit * Self.unit
        let free = try machine.freeSpace(at: directory)
        guard self.size <= free, free - self.size >= Self.reserve else {
            throw SetupError.noSpace(directory, needed: self.size, free: free)
        }
    }
}
