// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import LinuxPlatform
import PhysicalMemory
import SwapArea
import SystemPackage

/// A swap file that is to take an image: its blocks, which are written to behind the back of the file
/// system that it is in. No other file has any of them, and the file keeps them.
struct SwapFile {
    let path: FilePath
    /// What its file system is on.
    let device: FilePath
    let layout: AreaLayout
    private let machine: any Machine

    /// Throws ``HibernateError/swapFile(_:_:)`` where an image cannot be written to its blocks.
    init(_ path: FilePath, on machine: any Machine) throws {
        self.path = path
        self.machine = machine
        (device, layout) = try Self.blocks(of: path, on: machine)
        try requireSameContents()
    }

    /// Of all swap files in use the one whose first byte is there; nil where there is none. Throws where an
    /// image cannot be written to it.
    static func active(
        on device: FilePath, at offset: UInt64, _ machine: any Machine
    ) throws -> SwapFile? {
        for swap in try machine.swaps() where !swap.isBlockDevice {
            guard let blocks = try? machine.blocks(of: swap.path), let path = blocks.device,
                blocks.extents.first?.deviceOffset == offset, machine.isSameDevice(path, device)
            else { continue }
            return try SwapFile(swap.path, on: machine)
        }
        return nil
    }

    /// Its place in use as swap, by whatever path.
    var activeSwap: ActiveSwap? {
        get throws {
            try machine.swaps().first { swap in
                guard !swap.isBlockDevice else { return false }
                if swap.path == path { return true }
                let other = try? Self.blocks(of: swap.path, on: machine)
                return other?.layout == layout && other?.device == device
            }
        }
    }

    /// A file system may move what a file has.
    func requireUnmoved() throws {
        let now = try Self.blocks(of: path, on: machine)
        guard now.layout == layout, now.device == device else {
            throw HibernateError.swapFile(path, .moved)
        }
    }

    private static func blocks(
        of path: FilePath, on machine: any Machine
    ) throws -> (device: FilePath, layout: AreaLayout) {
        guard let blocks = try machine.blocks(of: path) else {
            throw HibernateError.swapFile(path, .unknownFileSystem)
        }
        guard let device = blocks.device else {
            throw HibernateError.swapFile(path, .severalDevices(blocks.fileSystem))
        }
        do throws(SwapFileFlaw) { return (device, try AreaLayout(blocks)) } catch {
            throw HibernateError.swapFile(path, error)
        }
    }

    /// What is at its place on the device must be what is in the file: whatever kind of file system it
    /// is, this shows that its blocks were understood.
    private func requireSameContents() throws {
        let file = try machine.openDirectly(path, .read)
        let onDevice = try machine.openDirectly(device, .read)
        let offset = layout.first.offset
        guard
            try file.readBytes(at: 0, count: PageFrame.size)
                == onDevice.readBytes(at: offset, count: PageFrame.size)
        else { throw HibernateError.swapFile(path, .otherContents(device)) }
    }
}

/// Why an image cannot be written to the blocks of a file.
enum SwapFileFlaw: Error, Hashable {
    case unknownFileSystem
    case severalDevices(FileBlocks.FileSystem)
    /// In bytes from the file's beginning.
    case hole(at: UInt64)
    case shared
    case notPlain
    case unaligned
    case empty
    case otherContents(FilePath)
    case moved

    /// Follows the file's name.
    var reason: String {
        switch self {
        case .unknownFileSystem:
            "is in a file system of which kresume does not know where its files are on the disk: ext4, "
                + "xfs and btrfs can be used"
        case .severalDevices(let kind):
            "is in a file system (\(kind.rawValue)) that is on several devices, or on none that can be "
                + "named: a swap partition can be used"
        case .hole(let offset): "has a hole at byte \(offset): make it anew, by dd and mkswap"
        case .shared: "shares its blocks with a snapshot or a copy: make it anew"
        case .notPlain:
            "is not on the disk as it is in the file (packed, encrypted, or copied on every write): "
                + "make it anew, on btrfs by btrfs filesystem mkswapfile"
        case .unaligned: "has blocks that are smaller than a page: a swap partition can be used"
        case .empty: "is smaller than a page"
        case .otherContents(let device):
            "is not at the place on \(device) that its file system tells: a swap partition can be used"
        case .moved: "was moved by its file system meanwhile: try again"
        }
    }
}

extension AreaLayout {
    /// All whole pages of a file.
    init(_ blocks: FileBlocks) throws(SwapFileFlaw) {
        let pageSize = UInt64(PageFrame.size)
        let end = blocks.size.roundedDown(to: pageSize)
        if end == 0 { throw .empty }
        var runs: [DeviceRun] = []
        var position: UInt64 = 0
        for extent in blocks.extents where position < end {
            if extent.offset != position { throw .hole(at: position) }
            switch extent.kind {
            case .own: break
            case .shared: throw .shared
            case .other: throw .notPlain
            }
            let size = min(extent.size, end - position)
            guard extent.deviceOffset.isMultiple(of: pageSize), size.isMultiple(of: pageSize) else {
                throw .unaligned
            }
            runs.join(
                DeviceRun(DevicePage(extent.deviceOffset / pageSize), count: size / pageSize))
            position += size
        }
        if position < end { throw .hole(at: position) }
        guard let layout = AreaLayout(runs) else { throw .notPlain }
        self = layout
    }
}
