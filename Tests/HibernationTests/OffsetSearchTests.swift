// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import LinuxPlatform
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// A wrong `resume_offset=`, or none, where a swap file has the image of the kernel's own hibernation.
@Suite struct OffsetSearchTests {
    private static let disk: FilePath = "/dev/sda1"
    private static let number = DeviceNumber(major: 8, minor: 1)
    /// Where the swap file begins.
    private static let page: UInt64 = 100

    private static let fileSystems: [(String, SmallFileSystem)] = [
        ("ext4", .ext(swapAt: 100)), ("xfs", .xfs(swapAt: 100)), ("btrfs", .btrfs(swapAt: 100)),
    ]

    private enum Contents {
        case image, swap, otherSwap, damaged
    }

    private static func machine(
        _ fileSystem: SmallFileSystem, _ contents: Contents = .image,
        saying commandLine: String = ""
    ) throws -> (ScriptedMachine, ScriptedDevice) {
        var bytes = fileSystem.device(size: 8 << 20)
        var area = stockFront()
        area.store(page + 1, at: 4064)
        area.store(page + 2, at: 4096)
        switch contents {
        case .image: break
        case .swap: area = emptySwap()
        case .otherSwap: area.store([UInt8](repeating: 0, count: 10), at: 4086)
        case .damaged: area.store(UInt32(0xffff), at: 4072)
        }
        bytes.store(area[..<(16 * 4096)], at: Int(page) * 4096)
        let device = try ScriptedDevice(bytes, number: number)
        let machine = ScriptedMachine {
            $0.devices[disk] = device
            $0.commandLine = commandLine
        }
        return (machine, device)
    }

    private static func find(
        on machine: ScriptedMachine, _ recorded: RecordedReport = RecordedReport(),
        named: ImageLocation? = nil, configured: ConfiguredLocation? = nil,
        isUnattended: Bool = true, defaultOffset: String? = nil, takes: Bool = false
    ) throws -> FoundImage? {
        try FindImage(
            named: named, configured: configured, wait: nil, configuredWait: 0,
            isUnattended: isUnattended, defaultOffset: defaultOffset, takesFoundOffset: takes,
            machine: machine, report: recorded.report
        ).find()
    }

    private static func sentence(_ body: () throws -> FoundImage?) -> String? {
        do { return "found \(try body()?.offset ?? 0)" } catch { return explanation(of: error) }
    }

    @Test(arguments: [
        (
            "resume=/dev/sda1 resume_offset=77",
            "page 77 of /dev/sda1 (resume_offset=77) is no swap; "
        ),
        ("resume=/dev/sda1 resume_offset=99999999999", "page 99999999999 of /dev/sda1"),
        ("resume=/dev/sda1", "/dev/sda1 holds a file system (FS), and nothing says at which page"),
        ("resume=/dev/sda1 resume_offset=", "resume_offset= is not a number of pages; "),
        ("resume=/dev/sda1 resume_offset=100k", "resume_offset=100k is not a number of pages; "),
    ])
    func namedAndTakenIfAllowed(commandLine: String, reason: String) throws {
        for (name, fileSystem) in Self.fileSystems {
            let (machine, device) = try Self.machine(fileSystem, saying: commandLine)
            let reason = reason.replacing("FS", with: name)
            let words = try #require(Self.sentence { try Self.find(on: machine) })
            #expect(words.hasPrefix(reason), "\(words)")
            #expect(
                words.hasSuffix(
                    "an image is in /swap (resume_offset=100 leads there; kresume resume --offset=100 "
                        + "/dev/sda1 takes it now); find-offset = yes in kresume.conf lets a boot take "
                        + "the only one"), "\(words)")
            let recorded = RecordedReport()
            let found = try #require(try Self.find(on: machine, recorded, takes: true))
            #expect(found.offset == 409600 && found.isUsable)
            #expect(
                recorded.contains("taken is the image in /swap: write resume_offset=100"),
                "\(recorded.lines)")
            #expect(recorded.contains(reason.hasSuffix("; ") ? String(reason.dropLast(2)) : reason))
            #expect(device.faults.count(.write) == 0)
        }
    }

    /// Others who say where it is are told in their words.
    @Test func whoeverSaysIt() throws {
        let (machine, _) = try Self.machine(Self.fileSystems[0].1)
        let device = DeviceSpecification.path(Self.disk)
        func words(
            named: ImageLocation? = nil, _ configured: ConfiguredLocation? = nil,
            _ offset: String? = nil
        ) -> String {
            Self.sentence {
                try Self.find(
                    on: machine, named: named, configured: configured, defaultOffset: offset)
            } ?? ""
        }
        let conf = words(ConfiguredLocation(device: device, offsetPages: 5))
        #expect(conf.hasPrefix("page 5 of /dev/sda1 (offset = 5 in kresume.conf) is no swap; "))
        #expect(conf.contains("(offset = 100 in kresume.conf leads there"))
        let made = ConfiguredLocation(device: device, source: .commandLine)
        #expect(words(made).contains("(resume_offset=100 leads there"))
        #expect(words(made, "5").hasPrefix("page 5 of /dev/sda1 (resume_offset=5) is no swap; "))
        #expect(words(made, "5x").hasPrefix("resume_offset=5x is not a number of pages; "))
        #expect(words(made, "100") == "found 409600")
        let named = words(named: ImageLocation(device, offsetPages: 7))
        #expect(named.hasPrefix("page 7 of /dev/sda1 (--offset=7) is no swap; "))
        // The kernel command line's device, and the initramfs's offset.
        machine.change { $0.commandLine = "resume=/dev/sda1" }
        #expect(words(nil, "100") == "found 409600")
        machine.change { $0.commandLine = "resume=/dev/sda1 resume_offset=9" }
        #expect(words(nil, "100").hasPrefix("page 9 of"))
        // That of kresume.conf is not the initramfs's.
        machine.change { $0.commandLine = "" }
        #expect(words(ConfiguredLocation(device: device, offsetPages: 100), "5") == "found 409600")
    }

    /// A boot where all is right reads one page, whatever is in the file system.
    @Test func aRightOffsetIsNotSearchedFor() throws {
        for (_, fileSystem) in Self.fileSystems {
            let (machine, device) = try Self.machine(
                fileSystem, .swap, saying: "resume=/dev/sda1 resume_offset=100")
            let recorded = RecordedReport()
            #expect(try Self.find(on: machine, recorded) == nil)
            #expect(recorded.lines == ["no hibernation image on /dev/sda1"])
            #expect(device.faults.count(.read) < 5)
        }
    }

    /// Said at each boot, before an image is lost by it.
    @Test func withoutAnImageTheOffsetIsSaid() throws {
        let (machine, _) = try Self.machine(
            Self.fileSystems[0].1, .swap, saying: "resume=/dev/sda1 resume_offset=77")
        var recorded = RecordedReport()
        #expect(try Self.find(on: machine, recorded, takes: true) == nil)
        #expect(
            recorded.contains(
                "page 77 of /dev/sda1 (resume_offset=77) is no swap, so that no image would be found: "
                    + "resume_offset=100 leads to /swap"), "\(recorded.lines)")
        let (other, _) = try Self.machine(
            Self.fileSystems[1].1, .otherSwap, saying: "resume=/dev/sda1 resume_offset=77")
        recorded = RecordedReport()
        #expect(try Self.find(on: other, recorded) == nil)
        #expect(recorded.contains("is no swap; no swap file was found on it"))
        // That it is not a number stays an error.
        machine.change { $0.commandLine = "resume=/dev/sda1 resume_offset=7x" }
        #expect(
            Self.sentence { try Self.find(on: machine, takes: true) }?.contains("filefrag") == true)
    }

    @Test func whatIsDamagedIsNotTaken() throws {
        let (machine, _) = try Self.machine(
            Self.fileSystems[2].1, .damaged, saying: "resume=/dev/sda1")
        let words = Self.sentence { try Self.find(on: machine, takes: true) }
        #expect(words?.contains("an image is in /swap (resume_offset=100 leads there") == true)
    }

    /// An offset and no device, or one that is gone, or in other software's syntax.
    @Test(arguments: [
        ("resume_offset=5", "resume_offset=5 says nothing without resume=", "nothing says so, but"),
        ("resume=UUID=99 resume_offset=5", "", "there is no image on UUID=99, but"),
        (
            "resume=file:/dev/sda1 resume_offset=5", "syntax of other software",
            "nothing says so, but"
        ),
    ])
    func elsewhere(commandLine: String, says: String, none: String) throws {
        let (machine, device) = try Self.machine(Self.fileSystems[0].1, saying: commandLine)
        let recorded = RecordedReport()
        _ = Self.sentence { try Self.find(on: machine, recorded) }
        #expect(
            recorded.contains(
                "\(none) there is one here (kresume resume --offset=100 /dev/sda1 takes it): /dev/sda1 at "
                    + "byte 409600 (swap file /swap, resume_offset=100): "), "\(recorded.lines)")
        #expect(says.isEmpty || recorded.contains(says))
        // Where no offset is said, no file is meant: that would be a look at each boot.
        let before = device.faults.count(.read)
        machine.change { $0.commandLine = "" }
        #expect(try Self.find(on: machine, recorded) == nil)
        #expect(device.faults.count(.read) - before < 3)
    }

    @Test func timeEnds() throws {
        let (machine, _) = try Self.machine(Self.fileSystems[0].1, saying: "resume=/dev/sda1")
        machine.change { script in
            script.devices[Self.disk]?.faults.tell {
                machine.change { $0.uptime += 4_000_000_000 }
            }
        }
        let recorded = RecordedReport()
        #expect(try Self.find(on: machine, recorded) == nil)
        #expect(
            recorded.contains("was given up: it takes more than 3 seconds"), "\(recorded.lines)")
    }

    @Test func locate() throws {
        let (machine, _) = try Self.machine(Self.fileSystems[2].1)
        let recorded = RecordedReport()
        let locate = LocateImages(machine, recorded.report)
        for location in [nil, ImageLocation(.path(Self.disk))] {
            let images = try locate.run(location)
            #expect(
                images.map(\.description).first?.hasPrefix(
                    "/dev/sda1 at byte 409600 (swap file /swap, resume_offset=100): image of the "
                        + "kernel's own hibernation") == true, "\(images)")
            #expect(images.count == 1)
        }
        let text = try #require(try Advice(machine, recorded.report).run())
        #expect(text.contains("    kresume resume --offset=100 /dev/sda1"))
        let (other, _) = try Self.machine(Self.fileSystems[0].1, .swap)
        let place = ImageLocation(.path(Self.disk), offsetPages: 3)
        #expect(try LocateImages(other, recorded.report).run(place).isEmpty)
        #expect(
            recorded.contains(
                "the swap file /swap of /dev/sda1 holds no image; it begins at page 100"))
    }
}
