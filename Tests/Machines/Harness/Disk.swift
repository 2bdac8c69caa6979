// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// A disk: a raw file on the host.
package struct Disk: Sendable {
    package enum Interface: Sendable {
        case virtio, nvme, ahci, usb
    }

    /// A kind of request that fails with EIO.
    package struct Fault: Sendable {
        package enum Request: String, Sendable {
            case read, write, flush
        }

        var request: Request
        /// Fails what touches this sector (512 bytes); nil: all requests of the kind.
        var sector: Int?
        /// Fails the first such request only.
        var once: Bool

        package init(_ request: Request, sector: Int? = nil, once: Bool = false) {
            self.request = request
            self.sector = sector
            self.once = once
        }
    }

    package var interface: Interface
    package var path: String
    package var faults: [Fault] = []
    /// A write that fails stops the machine before the guest hears of it: the disk is then what a
    /// power cut at this write would leave. Virtio only.
    package var stopsAtFault = false
    /// A file of the host that shall get a log of all that is written to the disk: see ``WriteLog``.
    /// It is whole when the machine has gone off by itself.
    package var writeLog: String?

    /// Of the device, in bytes: 512 or 4096.
    package var sectorSize = 512
    /// Whether it is there when the machine is switched on; see ``Machine/plug(_:)``.
    package var isPluggedIn = true

    /// Bytes a second that can be written; nil: as fast as it goes.
    package var writeLimit: Int?

    /// How much can be read; nil: as much as it goes.
    package struct ReadLimit: Sendable {
        var bytesPerSecond: Int
        var requestsPerSecond: Int

        package init(bytesPerSecond: Int, requestsPerSecond: Int) {
            self.bytesPerSecond = bytesPerSecond
            self.requestsPerSecond = requestsPerSecond
        }
    }
    package var readLimit: ReadLimit?

    package init(_ path: String, interface: Interface = .virtio) {
        self.path = path
        self.interface = interface
    }

    /// QEMU's arguments for the disk at this place of its configuration, counted from 0.
    ///
    /// - Parameter isFirst: whether the firmware looks there first for what it is to start.
    func arguments(index: Int, isFirst: Bool) throws -> [String] {
        let name = "disk\(index)"
        let node = try JSONEncoder().encode(node(named: name))
        let reports = "rerror=report,werror=\(stopsAtFault ? "stop" : "report")"
        let device =
            switch interface {
            case .virtio: "virtio-blk-pci,drive=\(name),\(reports)"
            case .nvme: "nvme,drive=\(name),serial=\(name)"
            case .ahci: "ide-hd,bus=sata.\(index),drive=\(name),\(reports)"
            case .usb: "usb-storage,bus=usb.0,drive=\(name),\(reports)"
            }
        var result: [String] = []
        if !limits.isEmpty {
            result = ["-object", "throttle-group,id=\(name)-limit,\(limits)"]
        }
        result += ["-blockdev", String(decoding: node, as: UTF8.self)]
        guard isPluggedIn else { return result }
        let order = isFirst ? ",bootindex=0" : ""
        let sectors =
            sectorSize == 512
            ? "" : ",logical_block_size=\(sectorSize),physical_block_size=\(sectorSize)"
        return result + ["-device", device + sectors + order]
    }

    private var limits: String {
        let write = writeLimit.map { ["x-bps-write=\($0)"] } ?? []
        let read = readLimit.map {
            ["x-bps-read=\($0.bytesPerSecond)", "x-iops-read=\($0.requestsPerSecond)"]
        }
        return (write + (read ?? [])).joined(separator: ",")
    }

    private func node(named name: String) -> Node {
        let file = Node(driver: "file", filename: path)
        // Event `none`: from the first request on, whatever the driver above it does.
        let errors = faults.map {
            Node.Injection(iotype: $0.request.rawValue, sector: $0.sector ?? -1, once: $0.once)
        }
        var lowest = file
        if !errors.isEmpty { lowest = Node(driver: "blkdebug", image: [file], errors: errors) }
        if let writeLog {
            let log = Node(driver: "file", filename: writeLog)
            lowest = Node(driver: "blklogwrites", file: [lowest], log: [log])
        }
        if !limits.isEmpty {
            lowest = Node(driver: "throttle", group: "\(name)-limit", file: [lowest])
        }
        return Node(driver: "raw", name: name, file: [lowest])
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
        var once: Bool
    }

    var driver: String
    var name: String?
    var filename: String?
    var group: String?
    var file: [Node] = []
    var image: [Node] = []
    var log: [Node] = []
    var errors: [Injection] = []

    enum CodingKeys: String, CodingKey {
        case driver, filename, file, image, log
        case name = "node-name"
        case group = "throttle-group"
        case errors = "inject-error"
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(driver, forKey: .driver)
        try fields.encodeIfPresent(name, forKey: .name)
        try fields.encodeIfPresent(filename, forKey: .filename)
        try fields.encodeIfPresent(group, forKey: .group)
        try fields.encodeIfPresent(file.first, forKey: .file)
        try fields.encodeIfPresent(image.first, forKey: .image)
        try fields.encodeIfPresent(log.first, forKey: .log)
        if !errors.isEmpty { try fields.encode(errors, forKey: .errors) }
    }
}
