// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// Which device a ``DeviceSpecification`` names on this machine.
package enum DeviceLookup: Hashable, Sendable {
    case found(FilePath)
    case notFound
    /// More than one device carries the tag, and nothing says which is meant.
    case several([FilePath])
}

extension DeviceAccess {
    /// Looks for a device among those that the kernel has now.
    ///
    /// A tag is searched by probing each device: neither udev nor a cache is asked, and none is
    /// written. Devices that cannot be read are passed over. Throws
    /// ``PlatformError/noDeviceNode(path:)`` where the kernel has the device, or, for a tag that
    /// was not found, one that could not be looked at, without a node in /dev.
    package func lookUp(
        _ device: DeviceSpecification, _ seen: SeenDevices = SeenDevices()
    ) throws(PlatformError) -> DeviceLookup {
        switch device {
        case .path(let path):
            if exists(path) { return .found(path) }
            if let tag = DeviceSpecification(udevLink: path) { return try lookUp(tag, seen) }
            return try node(blockDevices().entries.first { $0.path == path })
        case .number(let number):
            return try node(blockDevices().entries.first { $0.number == number })
        case .tag(let tag, let value):
            let list = try seen.devices(on: self).entries
            let present = list.filter { exists($0.path) }
            let matching = present.filter { entry in
                seen.answer(about: entry) { isTagged(tag, value, entry) }
            }
            let result = DeviceSpecification.choice(among: matching)
            if result == .notFound, let hidden = list.first(where: { !present.contains($0) }) {
                throw .noDeviceNode(path: hidden.path)
            }
            return result
        }
    }

    private func node(_ entry: BlockDeviceList.Entry?) throws(PlatformError) -> DeviceLookup {
        guard let entry else { return .notFound }
        if !exists(entry.path) { throw .noDeviceNode(path: entry.path) }
        return .found(entry.path)
    }

    /// Nil where it cannot be read.
    private func isTagged(
        _ tag: DeviceSpecification.Tag, _ value: String, _ entry: BlockDeviceList.Entry
    ) -> Bool? {
        guard let device = try? open(entry.path, .read, direct: false),
            let contents = try? contents(of: device)
        else { return nil }
        return tag.matches(value, contents)
    }
}

extension DeviceSpecification {
    /// Of a mirror and its members, which show the same contents, the mirror is meant.
    static func choice(among matching: [BlockDeviceList.Entry]) -> DeviceLookup {
        let topmost = matching.filter(\.holders.isEmpty)
        let candidates = topmost.isEmpty ? matching : topmost
        guard let first = candidates.first else { return .notFound }
        return candidates.count == 1 ? .found(first.path) : .several(candidates.map(\.path))
    }
}

extension DeviceSpecification.Tag {
    /// UUIDs are compared without regard to case, labels exactly.
    func matches(_ value: String, _ contents: DeviceContents) -> Bool {
        switch self {
        case .uuid: contents.signature?.uuid?.lowercased() == value.lowercased()
        case .label: contents.signature?.label == value
        case .partitionUUID: contents.partitionUUID?.lowercased() == value.lowercased()
        case .partitionLabel: contents.partitionLabel == value
        }
    }
}
