// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Compression
import KresumeImage
import LinuxBoot
import PhysicalMemory

/// What a saver kernel needs to come up and to save a machine's memory, part by part. Short of it,
/// the machine comes back without an image at best.
///
/// Measured in QEMU (`SaverMemoryTests` of the machine tests), at the worst moment. What is
/// left is for what QEMU has not: drivers of real hardware, and an initramfs with more programs.
///
///     machine                    gets      process    left
///     768 MiB, 2 CPUs, LZ4       125 MiB   18 MiB     55 MiB
///     3 GiB, 4 CPUs, zstd:19     275 MiB   157 MiB    53 MiB
package struct SaverMemory: Hashable, Sendable {
    package struct Part: Hashable, Sendable {
        package var name: String
        /// In bytes.
        package var size: UInt64
    }

    /// What is needed from the beginning to the end; the last of them is the largest of what is
    /// needed in turn.
    package let parts: [Part]

    private static let mebibyte: UInt64 = 1 << 20
    /// What a kernel that is up has beside its image, and what the programs of an initramfs and the
    /// drivers take.
    private static let work = 40 * mebibyte
    /// Of a processor: its own data, its kernel threads, its queues.
    private static let perCPU = 2 * mebibyte
    /// Of a thread that packs and writes: a part of memory as it is and packed, what the device's
    /// driver copies, a stack.
    private static let perThread = 3 * mebibyte
    /// What the process that saves needs in any case.
    private static let process = 12 * mebibyte
    /// And for the tables of each GiB that is saved: see `SavedTables`.
    private static let perGibibyte: UInt64 = 144 << 10
    /// Of whatever asks for the passphrase, beside the key derivation's own.
    private static let unlocking = 16 * mebibyte

    /// How many processors a saver kernel starts: more than threads gain nothing.
    private static let cpuLimit = RestoreKernel.threadLimit

    /// - Parameters:
    ///   - initramfs: as it is unpacked.
    ///   - initrdSize: as it is loaded, in bytes.
    ///   - guardSize: of what is loaded as crash kernel, in bytes.
    ///   - cpuCount: the machine's.
    ///   - ram: the machine's, in bytes.
    ///   - level: Zstandard's; nil where the image is packed by something else.
    ///   - keySlots: what it takes to unlock devices, in bytes; nil where none is unlocked.
    package init(
        kernel: BzImage, initramfs: InitramfsSize, initrdSize: UInt64, guardSize: UInt64,
        cpuCount: Int, ram: UInt64,
        level: Int?, keySlots: UInt64?
    ) {
        let cpus = min(cpuCount, Self.cpuLimit)
        let inTurn = [
            // Kept until all is unpacked.
            Part(name: "the packed initramfs", size: initrdSize + guardSize),
            Part(name: "unlocking", size: keySlots.map { $0 + Self.unlocking } ?? 0),
            Part(name: "saving", size: Self.saving(cpuCount: cpus, ram: ram, level: level)),
        ]
        let sizes = [
            Part(name: "the kernel", size: kernel.initSize + Self.work),
            Part(
                name: cpus == 1 ? "1 processor" : "\(cpus) processors",
                size: UInt64(cpus) * Self.perCPU),
            Part(
                name: initramfs.isKnown ? "the initramfs" : "the initramfs (a guess)",
                size: initramfs.unpacked),
            // As a file, in its place, and laid once more by the process that saves.
            Part(name: "the way back", size: 4 * guardSize),
            inTurn.max { $0.size < $1.size }!,
        ]
        // Of each page 64 bytes go to its descriptor.
        let sum = sizes.reduce(0) { $0 + $1.size }
        parts = sizes + [Part(name: "page descriptors", size: sum / 63)]
    }

    /// What the process that saves needs, in bytes.
    package static func saving(cpuCount: Int, ram: UInt64, level: Int?) -> UInt64 {
        let compressor =
            level.map {
                Zstandard.compressorSize(
                    level: $0, forBlocksOf: Int(Chunk.pageLimit) * PageFrame.size)
            } ?? 0
        return process
            + UInt64(RestoreKernel.threadCount(cpus: cpuCount)) * (perThread + compressor)
            + ram.units(of: 1 << 30) * perGibibyte
    }

    /// What keeps the kernel to this. Sources: Linux 6.12.
    ///
    /// - Parameter line: what else it is told.
    package static func options(
        cpuCount: Int, beside line: KernelCommandLine
    ) -> KernelCommandLine {
        // A tmpfs for the initramfs would take half of memory at most (`init_rootfs`, init/do_mounts.c,
        // `shmem_default_max_blocks`, mm/shmem.c).
        var options = ["rootfstype=ramfs"]
        if cpuCount > cpuLimit {
            options.append("nr_cpus=\(cpuLimit)")
            // The others wait in the original kernel's memory, and are to be left alone
            // (`apic_smt_update`, arch/x86/kernel/apic/ipi.c).
            options.append("no_ipi_broadcast=1")
        }
        // Else it may be 64 MiB (`pci_swiotlb_detect`, arch/x86/kernel/pci-dma.c): where the ACPI
        // tables have memory above 4 GiB, of which this kernel has none. In units of 2 KiB.
        if !line.contains("swiotlb") { options.append("swiotlb=2048") }
        return KernelCommandLine(parsing: options.joined(separator: " "))
    }

    /// All of it, in bytes: whole MiB, and no less than ``SaverRegion/leastSize``.
    package var size: UInt64 {
        let sum = parts.reduce(0) { $0 + $1.size }
        return max(SaverRegion.leastSize, sum.roundedUp(to: Self.mebibyte))
    }
}
