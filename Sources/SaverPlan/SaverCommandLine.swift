// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import LinuxBoot
import PhysicalMemory

/// The saver kernel's command line, made from A's: the same console and the same quirks of the
/// hardware, but nothing of A's root, memory and images.
///
/// Some addresses are known later than the line's length; sixteen digits each are kept for them.
struct SaverCommandLine {
    /// Zero-terminated.
    private(set) var bytes: [UInt8]
    /// Where the digits of `elfcorehdr=0x...` begin. The planner writes them.
    let elfcorehdrDigits: Int
    /// Where the digits of `kexec_jump_back_entry=0x...` begin. The purgatory writes them.
    let jumpBackDigits: Int
    /// Where the digits of the address in `crashkernel=` begin, where there is a guard.
    private let crashMemoryDigits: Int?

    static let digitCount = 16

    /// - Parameter limit: the longest command line, in bytes without the terminating zero.
    init(
        from original: KernelCommandLine, adding added: KernelCommandLine,
        panicGuard: PanicGuard? = nil, limit: Int
    ) throws(BootProtocolError) {
        let kept = original.options.filter { option in
            !dropped.contains { option.isNamed($0) }
                && !droppedPrefixes.contains { option.isNamed(withPrefix: $0) }
        }
        let zeros = String(repeating: "0", count: SaverCommandLine.digitCount)
        // Without nokaslr the kernel would leave the one place that it may use.
        var head = (kept + added.options).map(\.text) + ["nokaslr"]
        // The kernel takes the last of these, and all of those.
        let modules = (original.options + added.options).last { $0.isNamed("module_blacklist") }
        head.append((modules.map { $0.text + "," } ?? "module_blacklist=") + balloons.modules)
        head.append("initcall_blacklist=\(balloons.functions)")
        if let panicGuard {
            let size = panicGuard.memoryPages * UInt64(PageFrame.size) >> 10
            head += panicOptions + ["rdinit=/\(PanicGuard.initName)", "crashkernel=\(size)K@0x"]
            bytes = Array(head.joined(separator: " ").utf8)
            crashMemoryDigits = bytes.count
            head = [zeros]
        } else {
            bytes = []
            crashMemoryDigits = nil
        }
        head.append("elfcorehdr=0x")
        bytes += Array(head.joined(separator: " ").utf8)
        elfcorehdrDigits = bytes.count
        bytes += Array("\(zeros) kexec_jump_back_entry=0x".utf8)
        jumpBackDigits = bytes.count
        bytes += Array(zeros.utf8)
        if bytes.count > limit { throw .commandLineTooLong(length: bytes.count, limit: limit) }
        bytes.append(0)
    }

    mutating func setElfcorehdr(_ address: PhysicalAddress) { set(address, at: elfcorehdrDigits) }

    /// Does nothing where there is no guard.
    mutating func setCrashMemory(_ address: PhysicalAddress) {
        if let crashMemoryDigits { set(address, at: crashMemoryDigits) }
    }

    private mutating func set(_ address: PhysicalAddress, at offset: Int) {
        let digits = String(address.rawValue, radix: 16)
        let padding = String(repeating: "0", count: SaverCommandLine.digitCount - digits.count)
        bytes.store((padding + digits).utf8, at: offset)
    }
}

/// Options of A's that would be wrong in the saver kernel.
private let dropped = [
    // The boot loader's, and those set anew.
    "BOOT_IMAGE", "initrd", "elfcorehdr", "kexec_jump_back_entry", "kaslr", "nokaslr",
    // Where A's system lives. rdinit= stays: it is about the initrd.
    "root", "rootfstype", "rootflags", "rootwait", "rootdelay", "ro", "rw", "init", "nfsroot", "ip",
    // A's images.
    "noresume", "hibernate", "nohibernate",
    // Memory: the saver kernel has little, and its map is given to it.
    "mem", "memmap", "crashkernel", "cma", "hugetlb_cma", "hugepages", "hugepagesz",
    "default_hugepagesz", "movablecore", "kernelcore", "reserve_mem", "log_buf_len", "memtest",
    "page_owner",
    // What is a panic, and what happens then: one of another CPU than the first leads nowhere.
    "panic", "panic_on_warn", "panic_on_taint", "crash_kexec_post_notifiers", "oops",
    "softlockup_panic", "hung_task_panic", "unknown_nmi_panic", "nmi_watchdog",
    // What saves power in A would keep a hang in the saver kernel from being noticed.
    "nowatchdog", "nosoftlockup",
    // Told again, with more in it.
    "module_blacklist",
]

/// Drivers that take memory away when the host wants it: it wants as much of the saver kernel, which has little,
/// as it has taken from A. By their modules, and by the functions that start them where they are built in.
/// Sources: drivers/virtio/virtio_balloon.c, drivers/hv/hv_balloon.c, drivers/misc/vmw_balloon.c;
/// `initcall_blacklist`, init/main.c, and `blacklisted`, kernel/module/main.c, Linux 6.12.
private let balloons = (
    modules: "virtio_balloon,hv_balloon,vmw_balloon",
    functions: "virtio_balloon_driver_init,init_balloon_drv,vmballoon_init"
)

private let droppedPrefixes = ["resume", "kresume.", "sysctl."]

/// With a guard a panic leads back, so what hangs a CPU is to become one. Source:
/// Documentation/admin-guide/kernel-parameters.txt, Linux 6.12.
private let panicOptions = ["softlockup_panic=1", "nmi_watchdog=panic"]

extension KernelCommandLine {
    /// The same with `quiet`, unless something is said about the kernel's messages: at 115200
    /// baud a serial console takes a second for every 11 KB of them.
    package var quiet: KernelCommandLine {
        let words = ["quiet", "debug", "loglevel", "ignore_loglevel", "initcall_debug"]
        if words.contains(where: contains) { return self }
        return KernelCommandLine(options + [Option("quiet", nil)].compactMap { $0 })
    }

    /// The same for an initramfs that is to unlock no encrypted device: it would ask for a
    /// passphrase, and wait, where there may be nobody.
    ///
    /// Sources: cryptsetup's README.initramfs (an empty `cryptopts=` turns it off, initramfs-tools),
    /// systemd-cryptsetup-generator(8) and dracut.cmdline(7) (`rd.luks=0`), and the hook `encrypt` of
    /// mkinitcpio, which unlocks what `cryptdevice=` names.
    package var withoutUnlocking: KernelCommandLine {
        let names = ["cryptopts", "cryptdevice", "cryptkey", "luks"]
        let kept = options.filter { option in
            !names.contains { option.isNamed($0) } && !option.isNamed(withPrefix: "luks.")
                && !option.isNamed(withPrefix: "rd.luks")
        }
        let off = [Option("rd.luks", "0"), Option("cryptopts", "")].compactMap { $0 }
        return KernelCommandLine(kept + off)
    }
}
