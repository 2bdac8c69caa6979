// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import CLinux
import Glibc
import PhysicalMemory
import SystemPackage

/// What one segment puts where.
package struct KexecSegment {
    /// Nil for none: the memory is then filled with zeroes.
    package var buffer: UnsafeRawBufferPointer?
    package var memory: PhysicalAddress
    /// In bytes.
    package var memorySize: UInt64

    package init(buffer: UnsafeRawBufferPointer?, memory: PhysicalAddress, memorySize: UInt64) {
        self.buffer = buffer
        self.memory = memory
        self.memorySize = memorySize
    }
}

/// Replacing the running kernel, or leaving it for a while. Needs CAP_SYS_BOOT.
package enum Kexec {
    package struct Flags: OptionSet, Hashable, Sendable {
        package var rawValue: UInt
        package init(rawValue: UInt) { self.rawValue = rawValue }

        /// The running kernel is kept, and can be jumped back into. Needs CONFIG_KEXEC_JUMP.
        package static let preserveContext = Flags(rawValue: UInt(KEXEC_PRESERVE_CONTEXT))
        /// Segments and entry are for the architecture that this program was built for.
        package static var ownArchitecture: Flags {
            switch Architecture.here {
            case .x86: Flags(rawValue: UInt(KEXEC_ARCH_X86_64))
            case .arm64: Flags(rawValue: UInt(KEXEC_ARCH_AARCH64))
            }
        }
    }

    /// Loads what ``execute()`` will enter at `entry`, in place of what was loaded before.
    ///
    /// The kernel demands of the segments (`sanity_check_segment_list`, kernel/kexec_core.c,
    /// Linux 6.12): at most 16; begin and end on page boundaries, else EADDRNOTAVAIL; no overlap,
    /// no buffer larger than its memory, no more than half of RAM in all, else EINVAL. It copies
    /// the buffers. EPERM: see ``support(_:)``. EBUSY: another load is under way.
    /// The corresponding system call is `kexec_load`.
    package static func load(
        entry: PhysicalAddress, segments: [KexecSegment], flags: Flags
    ) throws(PlatformError) {
        let list = segments.map { segment in
            kexec_segment(
                buf: segment.buffer?.baseAddress, bufsz: UInt(segment.buffer?.count ?? 0),
                mem: UnsafeRawPointer(bitPattern: UInt(segment.memory.rawValue)),
                memsz: UInt(segment.memorySize))
        }
        try systemCall(.kexecLoad) {
            linux_kexec_load(UInt(entry.rawValue), UInt(list.count), list, flags.rawValue)
        }
    }

    /// Whether there is something to jump to. Source: `kexec_loaded_show`, kernel/ksysfs.c, Linux
    /// 6.12.
    package static var isLoaded: Bool {
        (try? SystemFile.lineIfPresent("/sys/kernel/kexec_loaded")) == "1"
    }

    /// Gives back what ``load(entry:segments:flags:)`` took.
    package static func unload(flags: Flags = []) throws(PlatformError) {
        try systemCall(.kexecLoad) { linux_kexec_load(0, 0, nil, flags.rawValue) }
    }

    /// Leaves this kernel for what was loaded.
    ///
    /// Returns only after a load with ``Flags/preserveContext``, when the other side has jumped
    /// back. EINVAL: nothing is loaded. Another error: a device refused to be stopped.
    /// The corresponding C function is `reboot`.
    package static func execute() throws(PlatformError) {
        try systemCall(.reboot) { linux_reboot_kexec() }
    }
}
