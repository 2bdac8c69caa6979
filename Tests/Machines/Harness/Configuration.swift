// SPDX-License-Identifier: GPL-2.0-or-later

/// A machine as QEMU is to build it, and what it boots.
package struct Configuration: Sendable {
    package enum Board: String, Sendable {
        case pc, q35
        /// Of arm64.
        case virt
    }

    package enum Firmware: Sendable {
        case bios
        /// `variables` is this machine's own copy of OVMF's variable store.
        case uefi(variables: String)
        /// The same with Secure Boot, which takes what ``Bench/signed(_:)`` has signed. The board is q35.
        case secureBoot(variables: String)
    }

    /// MiB.
    package var memory = 768
    /// The host gives all of it before the machine starts, not page by page when they are used.
    package var allocatesMemory = false
    /// MiB that could be plugged in, and are not: a device of virtio-mem.
    package var pluggableMemory = 0
    package var processors = 2
    /// One thread of the host's runs all processors, and goes on with another one when one waits. Where each has
    /// a thread, and the host fewer processors than its machines, those that wait for one that the host does not
    /// run spin meanwhile: a quarter of all time, and most of what is traced. Then two never run in the same
    /// moment, though; where that is to be seen, or what it brings, this is false.
    package var processorsTakeTurns = true
    /// Of each core, among ``processors``.
    package var threads = 1
    /// With memory for each of them.
    package var nodes = 1
    package var board = Board.pc
    /// Debian 13's QEMU, for what Debian 12's does not know.
    package var hasNewerEmulator = false
    /// Where the processor says that its string instructions are fast, the kernel and libc clear and
    /// copy memory with those that work on bytes, which QEMU carries out one at a time: at 0.6 GB/s
    /// instead of 6. Told that they are not, they work on words. `-la57` leaves 4-level paging only.
    package var processorModel = Self.wordwise
    package static let wordwise = "max,-erms,-fsrm"
    /// An arm64 machine's kernel is started at EL2, as where it can run virtual machines itself; else at EL1.
    package var startsAtEL2 = false
    package var firmware = Firmware.bios
    package var disks: [Disk] = []
    /// The firmware starts the boot loader on this one of ``disks``, which has its own idea of kernel, initramfs
    /// and command line; nil: it is given those of this configuration.
    package var bootDisk: Int?
    package var system = System.test
    /// Nil: the system's own.
    package var kernel: String?
    /// Nil: the system's own.
    package var initramfs: String?
    /// Words for the kernel command line.
    package var parameters: [String] = []
    /// A command to run before the control channel opens, as a boot script would run it.
    package var bootCommand: String?
    /// QEMU's name of one.
    package var networkCard: String?
    /// Further `-device` arguments.
    package var devices: [String] = []

    package init() {}

    /// The same machine, booting the same system with `command`, as a restore kernel does.
    package func booting(_ command: String) -> Configuration {
        var copy = self
        copy.bootCommand = command
        return copy
    }
}

extension Configuration {
    /// `panic=-1` with `-no-reboot`: a kernel that panics ends its QEMU at once. The timer needs no check:
    /// on a busy host its interrupts come so late that a kernel takes it for broken, and panics
    /// (`check_timer`, arch/x86/kernel/apic/io_apic.c, Linux 6.12). Where libraries lie at other addresses in each
    /// process, QEMU translates them for each anew, which was half of a Debian's time.
    package static let commonParameters = [
        "console=ttyS0", "panic=-1", "no_timer_check", "norandmaps",
    ]

    var commandLine: String {
        var words = Self.commonParameters + system.parameters + parameters
        if board == .virt { words[0] = "console=ttyAMA0" }
        return (words + (bootCommand.map { ["-- run", $0] } ?? [])).joined(separator: " ")
    }

    private var machine: String {
        if startsAtEL2 { return board.rawValue + ",virtualization=on" }
        return if case .secureBoot = firmware { board.rawValue + ",smm=on" } else { board.rawValue }
    }

    func emulator() throws -> String {
        if board == .virt { return "qemu-system-aarch64" }
        return hasNewerEmulator ? try System.newerEmulator.get() : "qemu-system-x86_64"
    }

    private static func flash(_ code: String, _ variables: String) -> [String] {
        [
            "-drive", "if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/\(code)",
            "-drive", "if=pflash,unit=1,format=raw,file=\(variables)",
        ]
    }

    /// QEMU's arguments. The channels are the sockets of ``QEMUProcess``.
    func arguments() throws -> [String] {
        let size =
            pluggableMemory == 0 ? "\(memory)" : "\(memory)M,maxmem=\(memory + pluggableMemory)M"
        var result = [
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-accel", "tcg,thread=\(processorsTakeTurns ? "single" : "multi")", "-machine", machine,
            "-cpu", processorModel,
            "-smp", "\(processors),threads=\(threads)", "-m", size,
            "-object", "rng-random,id=random,filename=/dev/urandom",
            "-device", "virtio-rng-pci,rng=random",
        ]
        if bootDisk == nil {
            let files = try system.files()
            result += ["-kernel", kernel ?? files.kernel, "-initrd", initramfs ?? files.initramfs]
            result += ["-append", commandLine]
        }
        if pluggableMemory > 0 {
            let size = "size=\(pluggableMemory)M"
            result += ["-object", "memory-backend-ram,id=plugged,\(size)"]
            result += ["-device", "virtio-mem-pci,memdev=plugged,requested-size=0"]
        }
        if allocatesMemory { result += ["-mem-prealloc"] }
        if nodes > 1 {
            for node in 0..<nodes {
                let size = "size=\(memory / nodes)M"
                result += ["-object", "memory-backend-ram,id=node\(node),\(size)"]
                result += ["-numa", "node,nodeid=\(node),memdev=node\(node)"]
            }
        }
        for (channel, number) in QEMUProcess.descriptors {
            result += ["-chardev", "socket,id=\(channel),fd=\(number)"]
        }
        result += ["-serial", "chardev:console"]
        // The board has one port of its own.
        result +=
            board == .virt
            ? ["-device", "pci-serial,chardev=control"] : ["-serial", "chardev:control"]
        result += ["-mon", "chardev=monitor,mode=control"]
        switch firmware {
        case .bios: break
        case .uefi(let variables): result += Self.flash("OVMF_CODE_4M.fd", variables)
        case .secureBoot(let variables):
            result += Self.flash("OVMF_CODE_4M.secboot.fd", variables)
            // Only what runs in system management mode may change the variables that hold the keys.
            result += ["-global", "driver=cfi.pflash01,property=secure,value=on"]
        }
        if disks.contains(where: { $0.interface == .ahci }) {
            result += ["-device", "ahci,id=sata"]
        }
        if disks.contains(where: { $0.interface == .usb }) {
            result += ["-device", "qemu-xhci,id=usb"]
        }
        for (index, disk) in disks.enumerated() {
            result += try disk.arguments(index: index, isFirst: index == bootDisk)
        }
        if let networkCard {
            // Nobody but QEMU answers in this network, at 10.0.2.2.
            result += ["-netdev", "user,id=network,restrict=on"]
            result += ["-device", "\(networkCard),netdev=network,romfile="]
        }
        for device in devices { result += ["-device", device] }
        return result
    }
}
