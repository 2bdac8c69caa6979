// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import ELFCore
import LinuxPlatform
import PhysicalMemory
import StoppedKernel

/// The running kernel as /proc/kcore shows it.
struct RunningKernel {
    private let file: CoreFile
    private let core: ELFCore

    init(_ machine: any Machine) throws {
        file = try machine.openCore(CoreFile.kcore)
        let start = try file.readBytes(at: 0, count: ELFCore.fileHeaderSize)
        core = try ELFCore(
            parsing: file.readBytes(at: 0, count: ELFCore.headerSize(of: start)))
    }

    /// Of virtual memory.
    func bytes(at address: UInt64, count: Int) throws -> [UInt8] {
        guard let offset = core.fileOffset(ofVirtual: address, count: UInt64(count)) else {
            throw CoreDumpError.notInCore(virtual: address)
        }
        return try file.readBytes(at: offset, count: count)
    }

    func word(at address: UInt64) throws -> UInt64 {
        let bytes = try bytes(at: address, count: 8)
        return bytes.span.bytes.u64(at: 0)
    }

    /// The kernel's own description of itself, a whole ELF note.
    func vmcoreInfoNote() throws -> ELFNote {
        guard let range = core.notes else { throw CoreDumpError.noVMCoreInfo }
        let notes = try file.readBytes(at: range.lowerBound, count: range.count)
        return try VMCoreInfo.note(in: ELFNote.parse(notes))
    }

    /// What the saver kernel has to look at to tell which pages are free; it cannot look at what
    /// lies where it lives itself.
    func freePageFootprint(of ram: FrameSet) throws -> FrameSet {
        let info = VMCoreInfo(parsing: try vmcoreInfoNote().descriptor)
        return try FreePages.footprint(info, ram: ram, read: physicalBytes)
    }

    /// Which pages are free now, more or less: it does not stand still.
    func freePages(of ram: FrameSet) throws -> FrameBits {
        let info = VMCoreInfo(parsing: try vmcoreInfoNote().descriptor)
        return try FreePages(info, ram: ram, isStopped: false, read: physicalBytes).frames
    }

    /// Nil where they cannot be read.
    func physicalBytes(at address: PhysicalAddress, count: Int) -> [UInt8]? {
        guard let offset = core.fileOffset(of: address, count: UInt64(count)) else { return nil }
        return try? file.readBytes(at: offset, count: count)
    }
}
