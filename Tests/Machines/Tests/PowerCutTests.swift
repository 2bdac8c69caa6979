// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// The power goes while an image is written: the next boot finds none, and nothing to complain of.
extension Machines {
    @Suite(.serialized) struct PowerCutTests {
        enum Moment: CaseIterable, Sendable {
            /// The original kernel has prepared the area, the saver kernel has not come up.
            case beforeTheSaver
            case amidTheData
            /// All is written but the signature.
            case beforeTheLastWrite

            /// Where the write begins or ends at which the machine is to stop.
            var sector: Int? {
                switch self {
                case .beforeTheSaver: nil
                case .amidTheData: 48 << 11
                case .beforeTheLastWrite: 7
                }
            }
        }

        @Test(arguments: Moment.allCases)
        func noImageIsLeft(moment: Moment) throws {
            try Bench.use("power-cut") { bench in
                var disk = Disk(try bench.swap(size: 1024))
                let signaturePage = try ImageFile(disk.path).read(0, 4096)
                disk.faults = moment.sector.map { [.init(.write, sector: $0)] } ?? []
                disk.stopsAtFault = true
                var configuration = Configuration()
                configuration.disks = [disk]
                let first = try bench.start("first", configuration)
                try first.waitUntilBooted()
                try first.expect("dd if=/dev/urandom of=/tmp/random bs=1M count=64 2>/dev/null")
                // The saver kernel is quiet otherwise.
                _ = first.send("\(hibernate()) --saver-append=loglevel=7")
                if moment.sector == nil {
                    // It shows its command line.
                    try first.waitForConsole("kresume.save=")
                } else {
                    try first.waitForStop()
                }
                first.kill()

                // The cut came when it should: something of an image is there, not all of it.
                let image = try ImageFile(disk.path)
                #expect(try image.read(0, 4096) == signaturePage)
                #expect(try image.read(ImageFile.header, 8) == Array("kresume\n".utf8))
                let state = try image.integer(ImageFile.state + 24, as: UInt32.self)
                #expect(state == (moment == .beforeTheLastWrite ? 2 : 1))
                let written = try image.read(32 << 20, 4096).contains { $0 != 0 }
                #expect(written == (moment != .beforeTheSaver))

                configuration.disks = [Disk(disk.path)]
                let second = try bench.start("second", configuration.booting("kresume resume"))
                #expect(try second.waitForBootCommand() == Reply(status: 0, output: ""))
                try second.waitUntilBooted()
                try second.expect(resume())
                try second.expect("dmesg | grep kresume:", status: 1)
                try second.expect("kresume locate")
                try second.expect("swapon /dev/vda")
            }
        }
    }
}
