// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import PhysicalMemory
import SystemPackage

/// Why pages did not get from the device to memory, or from memory to the device.
package enum TransferError: ExplainedError {
    /// It does not unpack to what it should.
    case chunkNotUnpacked(index: Int)
    /// In bytes.
    case deviceFull(FilePath, size: UInt64)
    /// In bytes: no restore kernel could hold it, with so much of tables.
    case imageTooLarge(UInt64, tables: UInt64, limit: UInt64)
    /// In a test: what was packed does not unpack to what it was.
    case packedWrong
    /// /proc/vmcore has a part of a page.
    case unalignedMemory(PhysicalRange)
    /// /proc/vmcore and the image's memory map do not agree about these frames.
    case otherMemory(FrameRange)

    package var explanation: String {
        switch self {
        case .chunkNotUnpacked(let index):
            "the image is damaged: chunk \(index) cannot be unpacked"
        case .deviceFull(let path, let size):
            "\(path) is full: the image does not fit its \(mebibytes(size)); a larger device is "
                + "needed"
        case .imageTooLarge(let size, let tables, let limit):
            "an image with \(mebibytes(size)) of memory or more, and \(mebibytes(tables)) of tables, "
                + "could not be resumed on this machine, which has room for \(mebibytes(limit))"
        case .packedWrong:
            "what was packed does not unpack to what it was: test this machine's memory"
        case .unalignedMemory(let range):
            "/proc/vmcore has memory that is not in whole pages: \(range)"
        case .otherMemory(let frames):
            "/proc/vmcore and the prepared image do not agree about the memory at \(frames)"
        }
    }
}
