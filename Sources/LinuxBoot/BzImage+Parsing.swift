// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

extension BzImage {
    /// Reads the setup header.
    ///
    /// - Parameters:
    ///   - prefix: the file's first bytes. 64 KiB hold the whole setup part of every kernel.
    ///   - fileSize: the size of the whole file in bytes.
    package init(parsing prefix: [UInt8], fileSize: UInt64) throws(BootProtocolError) {
        let header = SetupHeader(bytes: prefix)
        try header.require(magic: 0xaa55, at: 0x1fe, width: 2)
        try header.require(magic: 0x5372_6448, at: 0x202, width: 4)  // "HdrS"

        let protocolVersion: UInt16 = try header.field(0x206)
        if protocolVersion < 0x20c { throw .protocolTooOld(protocolVersion) }
        // Bytes 0x200 and 0x201 are a short jump over the header: its target is the header's end.
        let end = 0x202 + Int(try header.field(0x201) as UInt8)
        guard end >= 0x268, end <= 0x290 else {
            throw .invalidField(offset: 0x201, value: UInt64(end - 0x202))
        }
        guard end <= prefix.count else {
            throw .kernelTruncated(needed: UInt64(end), found: UInt64(prefix.count))
        }
        setupHeader = Array(prefix[0x1f1..<end])

        let loadFlags: UInt8 = try header.field(0x211)
        let relocatable: UInt8 = try header.field(0x234)
        let extendedLoadFlags: UInt16 = try header.field(0x236)
        // LOADED_HIGH; XLF_KERNEL_64 and XLF_CAN_BE_LOADED_ABOVE_4G, which also says that the
        // initrd may lie above initrd_addr_max.
        guard loadFlags & 1 != 0, relocatable != 0, extendedLoadFlags & 3 == 3 else {
            throw .notRelocatable64Bit(
                loadFlags: loadFlags, relocatable: relocatable,
                extendedLoadFlags: extendedLoadFlags)
        }
        startsInFiveLevelPaging = extendedLoadFlags & 1 << 5 != 0

        alignment = UInt64(try header.field(0x230) as UInt32)
        guard alignment >= UInt64(PageFrame.size), alignment.nonzeroBitCount == 1 else {
            throw .invalidField(offset: 0x230, value: alignment)
        }
        preferredAddress = PhysicalAddress(try header.field(0x258))
        initSize = UInt64(try header.field(0x260) as UInt32)
        if initSize == 0 { throw .invalidField(offset: 0x260, value: 0) }
        let limit: UInt32 = try header.field(0x238)
        if limit == 0 { throw .invalidField(offset: 0x238, value: 0) }
        commandLineLimit = min(Int(limit), 65536)

        let setupSectors: UInt8 = try header.field(0x1f1)
        loadedOffset = (setupSectors == 0 ? 4 : UInt64(setupSectors)) * 512 + 512
        let loaded = UInt64(try header.field(0x1f4) as UInt32) * 16
        guard loaded > BzImage.entryOffset else {
            throw .invalidField(offset: 0x1f4, value: loaded / 16)
        }
        // A signature may follow the kernel; what is missing at the end would not be noticed
        // before the decompressor dies of it.
        guard fileSize >= loadedOffset + loaded else {
            throw .kernelTruncated(needed: loadedOffset + loaded, found: fileSize)
        }
        loadedSize = fileSize - loadedOffset
        version = header.string(at: Int(try header.field(0x20e) as UInt16))
    }
}

/// The file's first bytes, read by file offset.
private struct SetupHeader {
    var bytes: [UInt8]

    func field<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int) throws(BootProtocolError) -> T
    {
        guard let value = bytes.integer(at: offset, as: T.self) else {
            throw .kernelTruncated(
                needed: UInt64(offset + T.bitWidth / 8), found: UInt64(bytes.count))
        }
        return value
    }

    func require(magic: UInt32, at offset: Int, width: Int) throws(BootProtocolError) {
        let found: UInt32 =
            width == 2 ? UInt32(try field(offset) as UInt16) : try field(offset)
        if found != magic {
            throw .notAKernel(offset: offset, expected: magic, found: found)
        }
    }

    /// The zero-terminated string that `kernel_version` points to, which counts from 0x200.
    func string(at pointer: Int) -> String? {
        guard pointer != 0, pointer + 0x200 < bytes.count else { return nil }
        let tail = bytes[(pointer + 0x200)...].prefix(256)
        guard let end = tail.firstIndex(of: 0) else { return nil }
        return String(decoding: tail[..<end], as: UTF8.self)
    }
}
