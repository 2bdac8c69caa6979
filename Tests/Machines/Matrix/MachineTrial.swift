// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness

/// A machine that differs from the usual one; each of its kernels is the one of the tests.
struct MachineTrial: Trial {
    let variation: Variation
    let way: Way

    func attempt(_ bench: Bench) throws -> Evidence {
        var original = Configuration()
        original.processorsTakeTurns = false
        variation.both(&original)
        let swap = Disk(
            try bench.swap(size: max(original.memory / 4 * 3, 1024)), interface: variation.swap)
        original.disks = [swap, Disk(try bench.ext4())]
        try variation.disks(&original.disks, bench)
        var restore = original
        variation.original(&original)
        variation.restore(&restore)
        // What is numbered by the kernel counts the disks of a kind alone.
        let (name, work) =
            switch variation.swap {
            case .virtio: ("/dev/vda", "/dev/vdb")
            case .nvme: ("/dev/nvme0n1", "/dev/vda")
            case .ahci, .usb: ("/dev/sda", "/dev/vda")
            }
        var trip = RoundTrip(original: original, restore: restore, swap: name, work: work)
        trip.prepare = { machine in
            try variation.onceBooted(machine)
            try machine.expect(variation.prepare.replacing("SWAP", with: name))
        }
        if variation.preparesRestore {
            trip.meanwhile = variation.onceBooted
            trip.restorePreparation = variation.prepare.replacing("SWAP", with: name) + "; "
        }
        trip.state = variation.state
        _ = try trip.run(by: way.command(to: name), on: bench)
        return Evidence()
    }
}

extension MachineTrial: CustomStringConvertible {
    var description: String {
        "machine with \(variation.name), \(way == .own ? "by a jump" : "stock image")"
    }
}
