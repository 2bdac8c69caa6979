// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage
import TestSupport
import Testing

/// Which devices are looked at again.
@Suite struct SeenDevicesTests {
    private static func entry(
        _ name: String, _ minor: UInt32, holders: [String] = [], isPartition: Bool = false,
        hasPartitions: Bool = false
    ) -> BlockDeviceList.Entry {
        BlockDeviceList.Entry(
            name: name, path: FilePath("/dev/\(name)"), number: .init(major: 8, minor: minor),
            size: 1 << 20, holders: holders, isPartition: isPartition,
            hasPartitions: hasPartitions, isReadOnly: false, diskSequence: 7)
    }

    /// A volume on two partitions of two disks, and a disk beside.
    private static let entries = [
        entry("sda", 0, hasPartitions: true), entry("sda1", 1, isPartition: true),
        entry("sda2", 2, holders: ["dm-0"], isPartition: true),
        entry("sdb", 16, hasPartitions: true),
        entry("sdb1", 17, holders: ["dm-0"], isPartition: true),
        entry("sdc", 32), entry("dm-0", 40, holders: ["dm-1"]),
        entry("dm-1", 41, hasPartitions: true), entry("dm-1p1", 42, isPartition: true),
    ]

    private let seen = SeenDevices()

    /// What is looked at of what is listed.
    private func looks(
        at entries: [BlockDeviceList.Entry], question: Int = 0, _ answer: Bool? = false
    ) throws -> Set<String> {
        let machine = ScriptedMachine { $0.listed = entries }
        var names: Set<String> = []
        for entry in try seen.devices(on: machine).entries {
            let said = seen.answer(question, about: entry) {
                names.insert(entry.name)
                return answer
            }
            #expect(said == (answer ?? false))
        }
        return names
    }

    private var all: Set<String> { Set(Self.entries.map(\.name)) }

    @Test(
        arguments: [
            ([], []), (["sdz"], []), (["sdc"], ["sdc"]), (["sda1"], ["sda", "sda1"]),
            (["sda2"], ["sda", "sda2", "dm-0", "dm-1", "dm-1p1"]),
            (["sda"], ["sda", "sda1", "sda2", "dm-0", "dm-1", "dm-1p1"]),
            (["dm-0"], ["dm-0", "dm-1", "dm-1p1"]), (["dm-1p1"], ["dm-1", "dm-1p1"]),
            (["sdc", "sda1"], ["sda", "sda1", "sdc"]),
        ] as [(Set<String>, Set<String>)])
    func whatAnEventIsAbout(named: Set<String>, again: Set<String>) throws {
        #expect(try looks(at: Self.entries) == all)
        #expect(try looks(at: Self.entries).isEmpty)
        seen.forget(named)
        #expect(try looks(at: Self.entries) == again)
        #expect(try looks(at: Self.entries).isEmpty)
    }

    @Test func anEventAboutAnyDevice() throws {
        #expect(try looks(at: Self.entries) == all)
        seen.forget(nil)
        #expect(try looks(at: Self.entries) == all)
    }

    /// Whatever the kernel says of a device otherwise than before, without an event.
    @Test(
        arguments: [
            { $0.size += 512 }, { $0.diskSequence = 8 }, { $0.diskSequence = nil },
            { $0.number.minor += 1 }, { $0.holders = [] }, { $0.isReadOnly = true },
            { $0.hasPartitions = true },
        ] as [@Sendable (inout BlockDeviceList.Entry) -> Void])
    func otherThanItWas(change: @Sendable (inout BlockDeviceList.Entry) -> Void) throws {
        var entries = [Self.entry("sda", 0, holders: ["dm-0"]), Self.entry("sdb", 16)]
        #expect(try looks(at: entries) == ["sda", "sdb"])
        change(&entries[0])
        #expect(try looks(at: entries) == ["sda"])
    }

    @Test func whatWasGoneIsNew() throws {
        #expect(try looks(at: Self.entries) == all)
        #expect(try looks(at: Self.entries.dropLast()).isEmpty)
        #expect(try looks(at: Self.entries) == ["dm-1p1"])
    }

    /// That it is a no is not remembered.
    @Test func whatCannotBeReadIsTriedAgain() throws {
        #expect(try looks(at: Self.entries, nil) == all)
        #expect(try looks(at: Self.entries, true) == all)
        #expect(try looks(at: Self.entries, true).isEmpty)
    }

    @Test func eachQuestionHasItsAnswers() throws {
        #expect(try looks(at: Self.entries, question: 1, true) == all)
        #expect(try looks(at: Self.entries, question: 2, false) == all)
        #expect(try looks(at: Self.entries, question: 1, true).isEmpty)
        #expect(try looks(at: Self.entries, question: 2, false).isEmpty)
    }
}
