// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import LinuxBoot
import PhysicalMemory

/// What leads back into A when the saver kernel panics: a crash kernel for it, which is no kernel
/// but a way back, and the program that loads it before anything else runs there.
///
/// The crash kernel's place is fixed by `crashkernel=SIZE@ADDRESS`; the program comes in an archive
/// in front of the initramfs, as `rdinit=`.
package struct PanicGuard: Sendable {
    /// CHandoff's guard.
    package var program: [UInt8]
    /// Whom the program becomes: a path in the initramfs.
    package var initPath: String
    /// What is loaded as crash kernel, in pages; it is entered at its first byte.
    package var blockPages: UInt64
    /// Where in that the jump-back entry belongs, 8 bytes.
    package var entryOffset: Int

    package static let initName = "kresume-guard"
    /// What the program has for the path, with its zero, in bytes.
    static let initSize = 256

    /// The kernel aligns what it puts aside for a crash kernel (`CRASH_ALIGN`,
    /// arch/x86/include/asm/crash_reserve.h, Linux 6.12; less before 6.6).
    static let alignment: UInt64 = (16 << 20) / UInt64(PageFrame.size)
    /// What the kernel takes for its own way out, in pages: a page of code and page tables for the
    /// memory that it has.
    private static let controlPages: UInt64 = 128
    private static let mebibyte: UInt64 = (1 << 20) / UInt64(PageFrame.size)

    package init(
        program: [UInt8], initPath: String, blockPages: UInt64, entryOffset: Int
    ) {
        self.program = program
        self.initPath = initPath
        self.blockPages = blockPages
        self.entryOffset = entryOffset
    }

    /// What is put aside for the crash kernel, in pages.
    package var memoryPages: UInt64 {
        (blockPages + Self.controlPages).units(of: Self.mebibyte) * Self.mebibyte
    }

    /// The archive, in pages. It ends with zeroes, which the kernel skips.
    var archivePages: UInt64 {
        let block = [UInt8](repeating: 0, count: Int(blockPages) * PageFrame.size)
        return UInt64(archive(block, at: PageFrame(0)).bytes.count / PageFrame.size)
    }

    /// Where in the archive the jump-back entry belongs.
    var entryOffsetInArchive: Int { archive([], at: PageFrame(0)).blockOffset + entryOffset }

    /// The archive in front of the initramfs.
    ///
    /// - Parameters:
    ///   - block: ``blockPages`` pages, made for this place.
    ///   - place: where the crash kernel's memory begins.
    package func archiveBytes(_ block: [UInt8], at place: PageFrame) -> [UInt8] {
        archive(block, at: place).bytes
    }

    private func archive(
        _ block: [UInt8], at place: PageFrame
    ) -> (bytes: [UInt8], blockOffset: Int) {
        // Offsets: CHandoff's guard.h.
        var file = program
        let size = UInt64(program.count + block.count)
        file.store(size, at: 96)
        file.store(size, at: 104)
        file.store(place.address.rawValue, at: 128)
        file.store(UInt64(block.count), at: 144)
        file.store(place.address.rawValue, at: 152)
        file.store(UInt64(block.count), at: 160)
        file.store(initPath.utf8, at: 256)
        var archive = InitramfsArchive()
        let offset = archive.addProgram(Self.initName, file + block)
        var bytes = archive.bytes()
        bytes += [UInt8](
            repeating: 0, count: bytes.count.roundedUp(to: PageFrame.size) - bytes.count)
        return (bytes, offset + program.count)
    }
}
