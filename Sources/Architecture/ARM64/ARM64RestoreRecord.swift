// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

/// How the kernel of an arm64 image is entered, and by which processor.
///
/// Source: `struct arch_hibernate_hdr`, arch/arm64/kernel/hibernate.c, the same in Linux 6.1 and 6.12.
package struct ARM64RestoreRecord: Hashable, Sendable {
    /// `uname -v` of the image's kernel: build number, options and date. Begins with "#".
    package let version: String
    /// `ttbr1_el1`: the top of the image kernel's own page tables.
    package let tables: PhysicalAddress
    /// `reenter_kernel`: the virtual address of `_cpu_resume`.
    package let jumpAddress: UInt64
    /// `__hyp_stub_vectors`: where a kernel that was started at EL2, and runs at EL1, has its vectors for
    /// EL2; nil where there is nothing to be set up.
    package let hypervisorVectors: PhysicalAddress?
    /// `sleep_cpu_mpidr`: of the processor that hibernated, the fields of MPIDR_EL1 that tell it from
    /// others.
    package let affinity: UInt64

    /// `__NEW_UTS_LEN` and the zero behind it, include/uapi/linux/utsname.h.
    private static let versionSize = 65
    /// `MPIDR_HWID_BITMASK`, arch/arm64/include/asm/cputype.h.
    static let affinityMask: UInt64 = 0xff_00ff_ffff
    /// 48 bits: more only where the kernel's pages are larger, or with LPA2.
    private static let addressLimit: UInt64 = 1 << 48

    /// The version that an info page begins with; nil where that is no arm64 kernel's.
    static func version(in page: RawSpan) -> String? {
        let text = (0..<versionSize).map { page.integer(at: $0, as: UInt8.self) }
        guard let end = text.firstIndex(of: 0), text[0] == UInt8(ascii: "#"),
            text[..<end].allSatisfy({ (0x20..<0x7f).contains($0) })
        else { return nil }
        return String(decoding: text[..<end], as: UTF8.self)
    }

    /// Reads the beginning of an info page that has a ``version(in:)``.
    init(parsing page: RawSpan, version: String) throws(RestoreRecordError) {
        self.version = version

        // As `__pa_symbol` gives it: no ASID in the high bits.
        let root = page.u64(at: 72)
        guard root < Self.addressLimit, root.isMultiple(of: UInt64(PageFrame.size)), root != 0
        else { throw .pageTableRoot(root) }
        tables = PhysicalAddress(root)

        // Half of all addresses are the kernel's, with 1 to 12 bits more than these (VA_BITS of 39 to 52;
        // Documentation/arch/arm64/memory.rst).
        jumpAddress = page.u64(at: 80)
        guard jumpAddress >= 0xfff0_0000_0000_0000, jumpAddress.isMultiple(of: 4) else {
            throw .jumpAddress(jumpAddress)
        }

        // VBAR_EL2 has no low bits.
        let vectors = page.u64(at: 88)
        guard vectors < Self.addressLimit, vectors.isMultiple(of: 0x800) else {
            throw .hypervisorVectors(vectors)
        }
        hypervisorVectors = vectors == 0 ? nil : PhysicalAddress(vectors)

        affinity = page.u64(at: 96)
        guard affinity & ~Self.affinityMask == 0 else { throw .affinity(affinity) }
    }
}
