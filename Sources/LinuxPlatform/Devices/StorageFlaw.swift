// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// Why a block device is no place for an image: what is written to it is gone when the machine is
/// off, or another kernel has no such device.
package enum StorageFlaw: Hashable, Sendable {
    /// zram or a RAM disk, by the kernel's name.
    case memory(String)
    /// A loop device, and its file, which is in a tmpfs.
    case fileInMemory(String, FilePath)
    /// A loop device, and its file.
    case file(String, FilePath)
    /// A mapping of dm-crypt without a header. Its key may be a random one: that is how swap is
    /// encrypted for one boot.
    case plainKey(mapping: String)
    /// A device that another machine or a program stands behind.
    case remote(String)

    /// Whether an image is lost for certain, whatever anyone says.
    package var losesAll: Bool {
        switch self {
        case .memory, .fileInMemory: true
        case .file, .plainKey, .remote: false
        }
    }

    /// What is wrong with the device, at it or below it; of several things the worst. Nil where
    /// nothing is.
    package static func of(
        _ number: DeviceNumber, sysfs: FilePath = "/sys"
    ) throws(PlatformError) -> StorageFlaw? {
        try of(number, sysfs: sysfs, mounts: Mounts.current())
    }

    static func of(
        _ number: DeviceNumber, sysfs: FilePath, mounts: [Mount]
    ) throws(PlatformError) -> StorageFlaw? {
        var flaws: [StorageFlaw] = []
        for layer in try DeviceStack.layers(of: number, sysfs: sysfs) {
            if let flaw = try flaw(of: layer, mounts) { flaws.append(flaw) }
        }
        return flaws.first(where: \.losesAll) ?? flaws.first
    }

    private static func flaw(
        of layer: DeviceStack.Layer, _ mounts: [Mount]
    ) throws(PlatformError) -> StorageFlaw? {
        let name = layer.name
        if ["zram", "ram"].contains(where: name.isNumbered) { return .memory(name) }
        if let file = try layer.line("loop/backing_file") {
            let path = FilePath(file)
            let fileSystem = mounts.fileSystem(of: path) ?? ""
            return inMemory.contains(fileSystem) ? .fileInMemory(name, path) : .file(name, path)
        }
        if try layer.line("dm/uuid")?.hasPrefix("CRYPT-PLAIN-") == true {
            return .plainKey(mapping: try layer.line("dm/name") ?? name)
        }
        return try isRemote(layer) ? .remote(name) : nil
    }

    private static let inMemory = ["tmpfs", "ramfs", "devtmpfs", "rootfs"]

    /// Names: `disk_name` in drivers/block of Linux 6.12: nbd.c, rbd.c, drbd/drbd_main.c,
    /// rnbd/rnbd-clt.c, aoe/aoeblk.c, ublk_drv.c.
    private static func isRemote(_ layer: DeviceStack.Layer) throws(PlatformError) -> Bool {
        let name = layer.name
        if name.hasPrefix("etherd!") { return true }
        if ["nbd", "rbd", "drbd", "rnbd", "ublkb"].contains(where: name.isNumbered) { return true }
        // A disk of iSCSI lies below its session (`iscsi_add_session`,
        // drivers/scsi/scsi_transport_iscsi.c, Linux 6.12).
        if layer.directory.components.contains(where: { $0.string.isNumbered("session") }) {
            return true
        }
        guard name.hasPrefix("nvme") else { return false }
        return try nvmeTransports(layer).contains(where: ["tcp", "rdma", "fc", "loop"].contains)
    }

    /// Of the controller; of several paths, which meet in a subsystem, the paths' controllers
    /// (drivers/nvme/host/sysfs.c, core.c, Linux 6.12).
    private static func nvmeTransports(
        _ layer: DeviceStack.Layer
    ) throws(PlatformError) -> [String] {
        let above = layer.directory.removingLastComponent()
        guard above.lastComponent?.string.hasPrefix("nvme-subsys") == true else {
            return try layer.line("device/transport").map { [$0] } ?? []
        }
        var transports: [String] = []
        for name in try SystemFile.names(in: above) where name.hasPrefix("nvme") {
            let file = above.appending(name).appending("transport")
            if let transport = try SystemFile.lineIfPresent(file) { transports.append(transport) }
        }
        return transports
    }
}

extension String {
    /// Whether it is `kind` and a number, perhaps with more behind that.
    fileprivate func isNumbered(_ kind: String) -> Bool {
        hasPrefix(kind) && dropFirst(kind.count).first?.isNumber == true
    }
}

extension [Mount] {
    /// The kind of the file system that a path is in.
    fileprivate func fileSystem(of path: FilePath) -> String? {
        let above = filter { path.starts(with: $0.mountPoint) }
        // Of several on one another the last one is seen.
        return above.reversed().max {
            $0.mountPoint.components.count < $1.mountPoint.components.count
        }?.fileSystem
    }
}
