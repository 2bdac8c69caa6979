// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// A disk: a raw file on the host.
package struct Disk: Sendable {
    package enum Interface: Sendable {
        case virtio, nvme, ahci
    }

    package var interface: Interface
    package var path: String
    /// Every write that touches this sector (512 bytes) fails with EIO.
    package var writeErrorSector: Int?
    /// Every read that touches this sector (512 bytes) fails with EIO.
    package var readErrorSector: Int?

    package init(_ path: String, interface: Interface = .virtio) {
        self.path = path
        self.interface = interface
    }

    /// QEMU's arguments for the disk at this place of its configuration, counted from 0.
    func arguments(index: Int) throws -> [String] {
        let name = "disk\(index)"
        let node = try JSONEncoder().encode(node(named: name))
        let reports = "rerror=report,werror=report"
        let device =
            switch interface {
            case .virtio: "virtio-blk-pci,drive=\(name),\(reports)"
            case .nvme: "nvme,drive=\(name),serial=\(name)"
            case .ahci: "ide-hd,bus=sata.\(index),drive=\(name),\(reports)"
            }
        return ["-blockdev", String(decoding: node, as: UTF8.self), "-device", device]
    }

    private func node(named name: String) -> Node {
        let file = Node(driver: "file", filename: path)
        // Event `none`: from the first request on, whatever the driver above it does.
        let errors = [("write", writeErrorSector), ("read", readErrorSector)].compactMap {
            kind, sector in sector.map { Node.Injection(iotype: kind, sector: $0) }
        }
        let faulty = Node(driver: "blkdebug", image: [file], errors: errors)
        return Node(driver: "raw", name: name, file: [errors.isEmpty ? file : faulty])
    }
}

/// QEMU's `BlockdevOptions`, as far as needed here. A node's child is an array of one, because a
/// struct cannot hold itself.
private struct Node: Encodable {
    struct Injection: Encodable {
        var event = "none"
        var iotype: String
        /// EIO.
        var errno = 5
        var sector: Int
        var once = false
    }

    var driver: String
    var name: String?
    var filename: String?
    var file: [Node] = []
    var image: [Node] = []
    var errors: [Injection] = []

    enum CodingKeys: String, CodingKey {
        case driver, filename, file, image
        case name = "node-name"
        case errors = "inject-error"
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(driver, forKey: .driver)
        try fields.encodeIfPresent(name, forKey: .name)
        try fields.encodeIfPresent(filename, forKey: .filename)
        try fields.encodeIfPresent(file.first, forKey: .file)
        try fields.encodeIfPresent(image.first, forKey: .image)
        if !errors.isEmpty { try fields.encode(errors, forKey: .errors) }
    }
}
