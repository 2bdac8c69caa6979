// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import CLinux
import Glibc
import SystemPackage

/// A device that device-mapper makes of parts of others: where they are.
package struct DeviceMapping: Hashable, Sendable {
    /// A place on a device below.
    package struct Place: Hashable, Sendable {
        package var device: DeviceNumber
        /// In bytes.
        package var offset: UInt64

        package init(_ device: DeviceNumber, _ offset: UInt64) {
            self.device = device
            self.offset = offset
        }
    }

    /// Some consecutive bytes of the device, all in bytes.
    package struct Part: Hashable, Sendable {
        /// On the device.
        package var offset: UInt64
        package var size: UInt64
        /// Where it begins below. If these are several, its stripes are there by turns.
        package var below: [Place]
        /// How large a stripe is.
        package var stripe: UInt64

        package init(offset: UInt64, size: UInt64, below: [Place], stripe: UInt64? = nil) {
            self.offset = offset
            self.size = size
            self.below = below
            self.stripe = stripe ?? size
        }
    }

    /// In the device's order.
    package var parts: [Part]
    /// What is below is what is here, encrypted.
    package var isEncrypting: Bool

    package init(parts: [Part], isEncrypting: Bool) {
        self.parts = parts
        self.isEncrypting = isEncrypting
    }

    /// Nil for a device of another driver, and for a mapping that is neither linear, nor striped, nor LUKS in
    /// one piece.
    /// Needs CAP_SYS_ADMIN.
    ///
    /// What LUKS shows reaches to the end of the device that it is on, behind the header, at a multiple of
    /// 4096: so the sizes tell where it begins. The kernel is not asked for that, for it would tell the key
    /// as well.
    package static func of(
        _ number: DeviceNumber, sysfs: FilePath = "/sys"
    ) throws(PlatformError) -> DeviceMapping? {
        let directory = sysfs.appending("dev/block/\(number)")
        guard let uuid = try SystemFile.lineIfPresent(directory.appending("dm/uuid")) else {
            return nil
        }
        let isLUKS = uuid.hasPrefix("CRYPT-LUKS1-") || uuid.hasPrefix("CRYPT-LUKS2-")
        if uuid.hasPrefix("CRYPT-"), !isLUKS { return nil }
        guard let targets = try targets(of: number, withParameters: false) else { return nil }
        if !isLUKS {
            // What is made without cryptsetup may be of any kind, and have a key among its parameters.
            guard targets.allSatisfy({ $0.isPlain }) else { return nil }
            return try Self.targets(of: number, withParameters: true)
                .flatMap(DeviceMapping.init(plain:))
        }

        let slaves = try SystemFile.names(in: directory.appending("slaves"))
        guard targets.count == 1, targets[0].kind == "crypt", slaves.count == 1,
            case let below = sysfs.appending("class/block").appending(slaves[0]),
            let numberBelow = try SystemFile.lineIfPresent(below.appending("dev"))
                .flatMap({ DeviceNumber($0) }),
            let size = try size(of: directory), let sizeBelow = try Self.size(of: below),
            size == targets[0].size, size < sizeBelow
        else { return nil }
        return DeviceMapping(
            parts: [
                Part(
                    offset: 0, size: size,
                    below: [Place(numberBelow, (sizeBelow - size).roundedDown(to: 4096))])
            ], isEncrypting: true)
    }

    /// Nil where one of the targets is of another kind.
    init?(plain targets: [MapperTarget]) {
        var parts: [Part] = []
        for target in targets {
            guard let part = target.plainPart else { return nil }
            parts.append(part)
        }
        self.init(parts: parts, isEncrypting: false)
    }

    private static func targets(
        of number: DeviceNumber, withParameters: Bool
    ) throws(PlatformError) -> [MapperTarget]? {
        let path: FilePath = "/dev/mapper/control"
        let control = try OwnedDescriptor(open: path, O_RDWR)
        let fd = control.rawValue
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var count: UInt32 = 0
        try systemCall(.mapperTargets, path) {
            linux_dm_targets(
                fd, gnu_dev_makedev(number.major, number.minor), withParameters ? 1 : 0, &buffer,
                buffer.count, &count)
        }
        return MapperTarget.parse(buffer, count: Int(count))
    }

    /// sysfs counts in units of 512 bytes.
    private static func size(of directory: FilePath) throws(PlatformError) -> UInt64? {
        try SystemFile.lineIfPresent(directory.appending("size")).flatMap { UInt64($0) }
            .flatMap(byteCount(sectors:))
    }
}

/// A target as DM_TABLE_STATUS tells it.
///
/// Source: `struct dm_target_spec`, include/uapi/linux/dm-ioctl.h; `retrieve_status`,
/// drivers/md/dm-ioctl.c, Linux 6.12.
struct MapperTarget: Hashable {
    private static let linear = "linear"
    private static let striped = "striped"

    /// In bytes, as is the size.
    var offset: UInt64
    var size: UInt64
    var kind: String
    var parameters: String

    /// Whether it has the bytes of what is below as they are, and a table without a key.
    var isPlain: Bool { kind == Self.linear || kind == Self.striped }

    /// Where it is below; nil for a target of another kind.
    ///
    /// Source: `linear_status`, drivers/md/dm-linear.c; `stripe_ctr` and `stripe_status`,
    /// drivers/md/dm-stripe.c, Linux 6.12: number of stripes, size of one in sectors, and for each a device and
    /// a sector.
    var plainPart: DeviceMapping.Part? {
        let words = parameters.split(separator: " ")
        let places = { (words: ArraySlice<Substring>) -> [DeviceMapping.Place] in
            stride(from: words.startIndex, to: words.endIndex - 1, by: 2).compactMap { index in
                guard let device = DeviceNumber(words[index]),
                    let offset = UInt64(words[index + 1]).flatMap(byteCount(sectors:))
                else { return nil }
                return .init(device, offset)
            }
        }
        switch kind {
        case Self.linear:
            let below = places(words[...])
            guard words.count == 2, below.count == 1 else { return nil }
            return .init(offset: offset, size: size, below: below)
        case Self.striped:
            guard words.count > 3, let count = Int(words[0]), count > 0,
                words.count - 2 == count.multipliedReportingOverflow(by: 2).partialValue,
                let stripe = UInt64(words[1]).flatMap(byteCount(sectors:)), stripe > 0,
                case let below = places(words[2...]), below.count == count,
                size.isMultiple(of: stripe), (size / stripe).isMultiple(of: UInt64(count))
            else { return nil }
            return count == 1
                ? .init(offset: offset, size: size, below: below)
                : .init(offset: offset, size: size, below: below, stripe: stripe)
        default: return nil
        }
    }

    /// Nil where they are not as the kernel writes them.
    static func parse(_ bytes: [UInt8], count: Int) -> [MapperTarget]? {
        var targets: [MapperTarget] = []
        var start = 0
        for _ in 0..<count {
            guard let offset: UInt64 = bytes.integer(at: start),
                let size: UInt64 = bytes.integer(at: start + 8),
                let next: UInt32 = bytes.integer(at: start + 20), start + 40 <= bytes.count,
                let offset = byteCount(sectors: offset), let size = byteCount(sectors: size)
            else { return nil }
            let text = { (bytes: ArraySlice<UInt8>) in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            targets.append(
                MapperTarget(
                    offset: offset, size: size, kind: text(bytes[(start + 24)..<(start + 40)]),
                    parameters: text(bytes[(start + 40)...])))
            guard Int(next) > start || targets.count == count else { return nil }
            start = Int(next)
        }
        return targets
    }
}

/// Nil where that is more than a device can have.
private func byteCount(sectors: UInt64) -> UInt64? {
    sectors < 1 << 54 ? sectors * 512 : nil
}
