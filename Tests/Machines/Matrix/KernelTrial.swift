// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness

/// The usual machine, with a kernel for each part.
struct KernelTrial: Trial {
    let original: Kernel
    /// Nil: the original kernel hibernates by itself.
    let saver: Kernel?
    let restorer: Kernel

    func attempt(_ bench: Bench) throws -> Evidence {
        var configuration = Configuration()
        configuration.processorsTakeTurns = false
        configuration.system = original.system
        configuration.disks = [Disk(try bench.swap(size: 1024)), Disk(try bench.ext4())]
        var restore = configuration
        restore.system = restorer.system
        var command = Way.stock.command(to: "/dev/vda")
        if let saver {
            configuration.initramfs = try original.system.initramfs(
                "matrix", with: ["saver": saver.system])
            command = Way.own.command(
                to: "/dev/vda",
                saver: "--saver-kernel=/boot/kernel-saver --saver-initrd=/boot/initramfs-saver")
        }
        let console = try RoundTrip(original: configuration, restore: restore)
            .run(by: command, on: bench)
        return Evidence(freeMemory: saver == nil ? "" : freeMemory(console))
    }

    /// "leaving out 618 MiB of free memory", or why it is saved.
    private func freeMemory(_ console: String) -> String {
        let line = console.split(whereSeparator: \.isNewline).first {
            $0.contains("leaving out ") || $0.contains("free memory is saved")
        }
        guard let line, let colon = line.firstRange(of: "kresume: ") else { return "" }
        return String(line[colon.upperBound...])
    }
}

extension KernelTrial: CustomStringConvertible {
    var description: String {
        if let saver { return "A \(original.release), B \(saver.release), C \(restorer.release)" }
        return "stock image of \(original.release), C \(restorer.release)"
    }
}
