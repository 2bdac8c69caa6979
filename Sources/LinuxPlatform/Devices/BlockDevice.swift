// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import SystemPackage

/// An open block device, or a regular file that holds what one would. Closes itself.
///
/// Every transfer names its offset, so several threads may use one device.
package final class BlockDevice: Sendable {
    package enum Access: Hashable, Sendable {
        case read
        case readWrite
        /// Reading and writing, and nobody else's: EBUSY where the device is mounted, an active
        /// swap area, or part of an array or mapping. A regular file cannot be claimed.
        case exclusive
        /// Reading alone. What is to be written is read instead, and dropped: the device is put to
        /// as much work, and nothing on it changes.
        case rehearsal
    }

    package let path: FilePath
    /// In bytes, as it was when opened.
    package let size: UInt64
    /// Nil for a regular file.
    package let number: DeviceNumber?
    package let isReadOnly: Bool
    let descriptor: OwnedDescriptor
    let calls: DeviceCalls
    /// Where its first byte is in what is open, in bytes.
    let origin: UInt64
    /// What is written goes to these, too, at the same place.
    let mirrors: [BlockDevice]

    /// Where it is `direct`, transfers go past the page cache; memory, offset and length must then
    /// all be multiples of the logical block size.
    ///
    /// Throws ``PlatformError/notStorage(path:)`` for a directory or a character device, and
    /// ``PlatformError/noDeviceNode(path:)`` where only the node in /dev is missing.
    package init(
        open path: FilePath, _ access: Access, direct: Bool = false
    ) throws(PlatformError) {
        // Asked before opening: opening a character device may have effects.
        let status: stat
        do { status = try stat(path) } catch {
            throw Self.isKnownToSysfs(path) ? .noDeviceNode(path: path) : error
        }
        guard status.isBlockDevice || status.isRegularFile else { throw .notStorage(path: path) }

        var flags = direct ? linux_o_direct : 0
        switch access {
        case .read, .rehearsal: flags |= O_RDONLY
        case .readWrite: flags |= O_RDWR
        case .exclusive: flags |= O_RDWR | (status.isBlockDevice ? O_EXCL : 0)
        }
        self.path = path
        origin = 0
        mirrors = []
        calls = access == .rehearsal ? DeviceCalls.system.withoutWriting : .system
        descriptor = try OwnedDescriptor(open: path, flags)
        let fd = descriptor.rawValue

        let opened = try stat(descriptor: descriptor, path)
        guard opened.isBlockDevice else {
            size = UInt64(clamping: opened.st_size)
            number = nil
            isReadOnly = path.withPlatformString { Glibc.access($0, W_OK) } != 0
            return
        }
        var bytes: UInt64 = 0
        var readOnly: CInt = 0
        try systemCall(.blockSize, path) { linux_block_size(fd, &bytes) }
        try systemCall(.blockReadOnly, path) { linux_block_read_only(fd, &readOnly) }
        size = bytes
        number = DeviceNumber(opened.st_rdev)
        isReadOnly = readOnly != 0
    }

    /// A regular file that stands for the device `number` at `path`, for a scripted machine.
    package init(
        _ path: FilePath, backedBy file: FilePath, number: DeviceNumber?, isReadOnly: Bool,
        calls: DeviceCalls
    ) throws(PlatformError) {
        self.path = path
        self.number = number
        self.isReadOnly = isReadOnly
        self.calls = calls
        origin = 0
        mirrors = []
        descriptor = try OwnedDescriptor(open: file, O_RDWR)
        size = UInt64(clamping: try stat(descriptor: descriptor, file).st_size)
    }

    /// A device of `size` bytes that is on each of `devices`, from `origin` (in bytes) on. It is read from the
    /// first, and written to all of them. There is at least one, and each is as large as that.
    package init(
        on devices: [BlockDevice], from origin: UInt64, size: UInt64
    ) throws(PlatformError) {
        let first = devices[0]
        path = first.path
        self.size = size
        number = first.number
        isReadOnly = devices.contains(where: \.isReadOnly)
        descriptor = try OwnedDescriptor(sameAs: first.descriptor, first.path)
        calls = first.calls
        self.origin = origin
        mirrors = Array(devices.dropFirst())
    }

    /// Waits until what was written is on the medium. The corresponding C function is `fdatasync`.
    package func flush() throws(PlatformError) {
        try systemCall(.fdatasync, path) { calls.fdatasync(descriptor.rawValue) }
        for mirror in mirrors { try mirror.flush() }
    }

    /// Writes out and then forgets every page of this device that the kernel has cached: another
    /// kernel is about to write behind its back. Needs CAP_SYS_ADMIN for a block device.
    package func dropCaches() throws(PlatformError) {
        let fd = descriptor.rawValue
        try systemCall(.fsync, path) { fsync(fd) }
        if number != nil, try stat(descriptor: descriptor, path).isBlockDevice {
            try systemCall(.flushBlockBuffers, path) { linux_block_flush_buffers(fd) }
        }
        // The one call that returns its error instead of setting errno.
        let error = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)
        if error != 0 { throw .call(.adviseFile, path: path, Errno(rawValue: error)) }
        for mirror in mirrors { try mirror.dropCaches() }
    }

    private static func isKnownToSysfs(_ path: FilePath) -> Bool {
        guard path.starts(with: "/dev"), let name = path.lastComponent else { return false }
        return SystemFile.exists(FilePath("/sys/class/block").appending(name))
    }
}
