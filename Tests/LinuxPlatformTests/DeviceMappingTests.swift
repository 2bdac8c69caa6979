// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

/// Where the parts of a mapping are, by what device-mapper tells.
@Suite struct DeviceMappingTests {
    /// As DM_TABLE_STATUS gives it; `next` counts from the first specification.
    private func specifications(
        _ targets: [(start: UInt64, size: UInt64, kind: String, parameters: String)]
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        for target in targets {
            bytes.append(littleEndian: target.start)
            bytes.append(littleEndian: target.size)
            bytes.append(littleEndian: UInt32(0))
            let text = Array(target.parameters.utf8) + [0]
            let padded = (bytes.count + 4 + 16 + text.count).roundedUp(to: 8)
            bytes.append(littleEndian: UInt32(padded))
            bytes +=
                Array(target.kind.utf8)
                + [UInt8](repeating: 0, count: 16 - target.kind.utf8.count)
            bytes += text
            bytes += [UInt8](repeating: 0, count: padded - bytes.count)
        }
        return bytes
    }

    @Test func targets() throws {
        let bytes = specifications([
            (0, 2048, "linear", "8:3 4096"), (2048, 16, "crypt", ""), (2064, 8, "zero", "x y z"),
        ])
        let targets = try #require(MapperTarget.parse(bytes, count: 3))
        #expect(
            targets == [
                MapperTarget(offset: 0, size: 1 << 20, kind: "linear", parameters: "8:3 4096"),
                MapperTarget(offset: 1 << 20, size: 8192, kind: "crypt", parameters: ""),
                MapperTarget(
                    offset: (1 << 20) + 8192, size: 4096, kind: "zero", parameters: "x y z"),
            ])
        for count in 0..<bytes.count { _ = MapperTarget.parse(Array(bytes[..<count]), count: 3) }
        #expect(MapperTarget.parse(Array(bytes[..<60]), count: 3) == nil)
        var endless = bytes
        endless.store(UInt32(0), at: 20)
        #expect(MapperTarget.parse(endless, count: 3) == nil)
        let huge = specifications([(1 << 60, 8, "linear", "8:3 0")])
        #expect(MapperTarget.parse(huge, count: 1) == nil)
    }

    @Test func linearMappings() throws {
        func mapping(_ kind: String, _ parameters: String) -> DeviceMapping? {
            DeviceMapping(
                plain: [MapperTarget(offset: 512, size: 4096, kind: kind, parameters: parameters)])
        }
        #expect(
            mapping("linear", "8:3 4096")
                == DeviceMapping(
                    parts: [
                        .init(
                            offset: 512, size: 4096,
                            below: [.init(DeviceNumber(major: 8, minor: 3), 2 << 20)])
                    ], isEncrypting: false))
        for (kind, parameters) in [
            ("striped", "8:3 4096"), ("linear", "8:3"), ("linear", "8:3 4096 x"),
            ("linear", "sda 4096"), ("linear", "8:3 -1"), ("linear", "8:3 18446744073709551615"),
        ] {
            #expect(mapping(kind, parameters) == nil)
        }
    }

    @Test func stripedMappings() throws {
        func mapping(_ parameters: String, size: UInt64 = 12 << 16) -> DeviceMapping? {
            DeviceMapping(
                plain: [
                    MapperTarget(offset: 0, size: size, kind: "striped", parameters: parameters)
                ])
        }
        let (one, two) = (DeviceNumber(major: 8, minor: 3), DeviceNumber(major: 8, minor: 19))
        #expect(
            mapping("2 128 8:3 4096 8:19 2048")?.parts == [
                .init(
                    offset: 0, size: 12 << 16, below: [.init(one, 2 << 20), .init(two, 1 << 20)],
                    stripe: 1 << 16)
            ])
        // One stripe is no stripes.
        #expect(
            mapping("1 128 8:3 8")?.parts == [
                .init(offset: 0, size: 12 << 16, below: [.init(one, 4096)])
            ])
        for parameters in [
            "", "2", "2 128", "2 128 8:3", "2 128 8:3 4096", "2 128 8:3 4096 8:19", "0 128",
            "2 0 8:3 4096 8:19 2048", "2 128 8:3 4096 8:19 2048 0", "2 128 8:3 -1 8:19 2048",
            "2 128 sda 4096 8:19 2048", "-2 128 8:3 4096 8:19 2048", "3 128 8:3 4096 8:19 2048",
            "4611686018427387904 128 8:3 4096 8:19 2048", "2 128 8:3 x 8:19 2048",
        ] {
            #expect(mapping(parameters) == nil, "\(parameters)")
        }
        #expect(mapping("2 128 8:3 4096 8:19 2048", size: 13 << 16) == nil)
        #expect(mapping("2 128 8:3 4096 8:19 2048", size: 12 << 16 + 512) == nil)
    }

    /// Those of other kinds are not asked for, nor is their key.
    @Test func otherDevices() throws {
        let tree = try TemporaryTree()
        let number = DeviceNumber(major: 253, minor: 0)
        let sysfs = try tree.write("x\n".utf8.map { $0 }, to: "dev/block/253:0/size")
            .removingLastComponent().removingLastComponent().removingLastComponent()
            .removingLastComponent()
        #expect(try DeviceMapping.of(number, sysfs: sysfs) == nil)
        for uuid in ["CRYPT-PLAIN-swap", "CRYPT-BITLK-0123-x", "CRYPT-VERITY-0123-x"] {
            _ = try tree.write(Array("\(uuid)\n".utf8), to: "dev/block/253:0/dm/uuid")
            #expect(try DeviceMapping.of(number, sysfs: sysfs) == nil)
        }
    }
}
