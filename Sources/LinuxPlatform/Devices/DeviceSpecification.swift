// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// A way to name a block device, as in fstab and in `resume=` of the kernel command line.
package enum DeviceSpecification: Hashable, Sendable {
    package enum Tag: String, CaseIterable, Sendable {
        case uuid = "UUID"
        case label = "LABEL"
        case partitionUUID = "PARTUUID"
        case partitionLabel = "PARTLABEL"
    }

    case path(FilePath)
    case number(DeviceNumber)
    case tag(Tag, String)

    /// Reads `/dev/sda2`, `8:2`, `UUID=x`, `LABEL="my swap"` and their like. Nil where nothing is
    /// named: an empty text, a tag without a value, a quote that does not close.
    ///
    /// Source: fstab(5); `early_lookup_bdev`, block/early-lookup.c, Linux 6.12.
    package init?(_ text: some StringProtocol) {
        let text = text.trimmed
        for tag in Tag.allCases where text.hasPrefix(tag.rawValue + "=") {
            guard let value = text.dropFirst(tag.rawValue.utf8.count + 1).unquoted, !value.isEmpty
            else { return nil }
            self = .tag(tag, value)
            return
        }
        if let number = DeviceNumber(text) {
            self = .number(number)
        } else if let path = text[...].unquoted, !path.isEmpty {
            self = .path(FilePath(path))
        } else {
            return nil
        }
    }

    /// What a link of udev's stands for: `/dev/disk/by-uuid/x` is `UUID=x`. An initramfs without
    /// udev has no such links, and configurations written for one with it name them.
    package init?(udevLink path: FilePath) {
        let directories: [(FilePath, Tag)] = [
            ("/dev/disk/by-uuid", .uuid), ("/dev/disk/by-label", .label),
            ("/dev/disk/by-partuuid", .partitionUUID),
            ("/dev/disk/by-partlabel", .partitionLabel),
        ]
        let parent = path.removingLastComponent()
        guard let name = path.lastComponent?.string,
            let tag = directories.first(where: { $0.0 == parent })?.1
        else { return nil }
        self = .tag(tag, name.udevUnescaped)
    }
}

extension DeviceSpecification: CustomStringConvertible {
    package var description: String {
        switch self {
        case .path(let path): path.string
        case .number(let number): number.description
        case .tag(let tag, let value): "\(tag.rawValue)=\(value)"
        }
    }
}

extension Substring {
    /// Without the single or double quotes around it; nil where only one of them is there.
    fileprivate var unquoted: String? {
        guard let quote = first, quote == "\"" || quote == "'" else { return String(self) }
        guard count >= 2, last == quote else { return nil }
        return String(dropFirst().dropLast())
    }
}

extension String {
    /// With `\x20` and its like, which udev writes in the names of links, read back as bytes.
    fileprivate var udevUnescaped: String {
        var result: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.first {
            if rest.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "x")]),
                let value = UInt8(
                    String(decoding: rest.dropFirst(2).prefix(2), as: UTF8.self), radix: 16)
            {
                result.append(value)
                rest = rest.dropFirst(4)
            } else {
                result.append(byte)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
