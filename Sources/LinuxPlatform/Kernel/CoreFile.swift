// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Glibc
import SystemPackage

/// Memory shown as an ELF core file: the memory of the kernel before this one, or of this one.
package final class CoreFile: Sendable {
    /// What a crash or kexec-jump kernel shows of the kernel before it.
    package static let vmcore: FilePath = "/proc/vmcore"
    /// The running kernel's own memory.
    package static let kcore: FilePath = "/proc/kcore"

    package let path: FilePath
    /// In bytes. That of /proc/kcore is the address space's and says nothing.
    package let size: UInt64
    private let descriptor: OwnedDescriptor

    package init(open path: FilePath) throws(PlatformError) {
        self.path = path
        descriptor = try OwnedDescriptor(open: path, O_RDONLY)
        size = UInt64(clamping: try stat(descriptor: descriptor, path).st_size)
    }

    /// `count` bytes from `offset`, or throws.
    package func readBytes(at offset: UInt64, count: Int) throws(PlatformError) -> [UInt8] {
        try file.check(offset, count)
        let buffer = AlignedBuffer(count: count)
        try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<count]), at: offset)
        return Array(buffer.bytes[..<count])
    }

    /// Fills `buffer` from `offset`, or throws. The corresponding C function is `pread`.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(PlatformError) {
        try file.check(offset, buffer.count)
        try file.transfer(buffer, at: offset, upTo: buffer.count) {
            rest, offset throws(PlatformError) in
            try systemCall(.pread, path) {
                pread(descriptor.rawValue, rest.baseAddress, rest.count, off_t(offset))
            }
        }
    }

    /// The bytes from `offset` on, mapped where the kernel allows it, else copied.
    ///
    /// The corresponding C functions are `mmap` and `pread`.
    package func window(at offset: UInt64, count: Int) throws(PlatformError) -> CoreWindow {
        if let mapping = try mapping(at: offset, count: count) { return mapping }
        let copy = AlignedBuffer(count: count)
        try read(into: UnsafeMutableRawBufferPointer(rebasing: copy.bytes[..<count]), at: offset)
        return CoreWindow(copy: copy, count: count)
    }

    /// The same, but nil where the kernel does not allow it: among others, the last page where it is not a
    /// whole one (`mmap_vmcore`, fs/proc/vmcore.c, Linux 6.12).
    package func mapping(at offset: UInt64, count: Int) throws(PlatformError) -> CoreWindow? {
        try file.check(offset, count)
        let first = offset.roundedDown(to: 4096)
        let head = Int(offset - first)
        let base = mmap(
            nil, head + count, PROT_READ, MAP_PRIVATE, descriptor.rawValue, off_t(first))
        guard let base, base != MAP_FAILED else { return nil }
        return CoreWindow(
            mapping: UnsafeMutableRawBufferPointer(start: base, count: head + count), head: head)
    }

    private var file: PositionedFile { PositionedFile(path: path, size: size) }
}

/// A part of a ``CoreFile``, only to be read.
package struct CoreWindow: ~Copyable, @unchecked Sendable {
    /// Valid for as long as the window lives.
    package let bytes: UnsafeRawBufferPointer
    private let mapping: UnsafeMutableRawBufferPointer?
    private let copy: AlignedBuffer?

    fileprivate init(mapping: UnsafeMutableRawBufferPointer, head: Int) {
        bytes = UnsafeRawBufferPointer(rebasing: mapping[head...])
        self.mapping = mapping
        copy = nil
    }

    fileprivate init(copy: consuming AlignedBuffer, count: Int) {
        bytes = UnsafeRawBufferPointer(rebasing: copy.bytes[..<count])
        mapping = nil
        self.copy = consume copy
    }

    deinit { if let mapping { munmap(mapping.baseAddress, mapping.count) } }
}
