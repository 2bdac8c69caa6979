// SPDX-License-Identifier: GPL-2.0-or-later

import Checksum
import KresumeImage
import LinuxPlatform
import PhysicalMemory

/// Packs chunks for one thread, and looks whether they can be unpacked if that is asked for.
struct CheckedPacker: ~Copyable {
    private let packer: ChunkPacker
    private let unpacker: ChunkUnpacker?
    private let unpacked: AlignedBuffer

    /// - Parameter compression: nil where nothing is to be checked.
    init(_ packer: ChunkPacker, checking compression: ChunkCompression?) throws {
        // What may throw comes first: Swift 6.2 takes apart twice what is there by then.
        unpacker = try compression.map { try ChunkUnpacker($0) }
        self.packer = packer
        unpacked = AlignedBuffer(
            count: compression == nil ? 0 : Int(Chunk.pageLimit) * PageFrame.size)
    }

    /// See ``ChunkPacker/pack(_:into:_:)``.
    func pack(
        _ pages: UnsafeRawBufferPointer, into packed: UnsafeMutableRawBufferPointer, _ pace: Pace
    ) throws -> Int? {
        guard let size = packer.pack(pages, into: packed, pace) else { return nil }
        if let unpacker {
            let copy = UnsafeMutableRawBufferPointer(rebasing: unpacked.bytes[..<pages.count])
            do {
                try unpacker.unpack(UnsafeRawBufferPointer(rebasing: packed[..<size]), into: copy)
            } catch { throw TransferError.packedWrong }
            guard XXH64.hash(UnsafeRawBufferPointer(copy)) == XXH64.hash(pages) else {
                throw TransferError.packedWrong
            }
        }
        return size
    }
}
