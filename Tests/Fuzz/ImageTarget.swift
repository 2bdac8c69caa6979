// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Compression
import PhysicalMemory

@testable import KresumeImage

extension FuzzTarget {
    /// A complete image of ours, as one who resumes reads it.
    static let image = FuzzTarget(name: "image", inputLimit: 512) {
        let section = ImageChanges.firstSection
        return [
            [0, 0], [15, 0], [0, 3],
            // A longer description; zstd; a run more; a chunk less; resuming; another entry.
            [0, 0] + Change.put(UInt64(4000), in: 3, at: 16),
            [0, 0] + Change.put(UInt64(1), in: 2, at: 16),
            [0, 0] + Change.put(UInt64(96), in: 3, at: 4 * 32 + 16)
                + Change.put(UInt64(0x7f0), in: section + 4, at: 80)
                + Change.put(UInt64(1) | 2 << 32, in: section + 4, at: 88),
            [0, 0] + Change.put(UInt64(48), in: 3, at: 5 * 32 + 16),
            [0, 0] + Change.put(UInt32(3), in: 4, at: 24),
            // As large as the area; there a chunk ends.
            [0, 0] + Change.put(UInt64(48 * 4096), in: 2, at: 96),
            [0, 0] + Change.put(UInt64(48 * 4096), in: 2, at: 96)
                + Change.put(UInt64(45 * 4096), in: section + 5, at: 0),
            [0, 0] + Change.put(UInt64(48 * 4096), in: 2, at: 96)
                + Change.put(UInt64(47 * 4096), in: 3, at: 2 * 32 + 8),
            [0, 0] + Change.put(UInt64(0x11_0000), in: section + 3, at: 0),
            [0, 0] + Change.put(Array("efi x\npci y\n".utf8), in: section + 2, at: 0)
                + Change.put(UInt64(12), in: 3, at: 2 * 32 + 16),
        ]
    } test: { input in
        var changes = Changes(input)
        let area = try imageChanges.get().area(for: &changes)
        let image: HibernationImage
        do throws(ImageError) {
            guard let found = try area.image() else { return }
            image = found
        } catch { return }
        check(image, in: area)
    }

    private static let imageChanges = Result { try ImageChanges(of: try Sample.area()) }

    private static func check(_ image: HibernationImage, in area: ImageArea) {
        let broken = brokenPromises(of: image, areaSize: area.size)
        require(broken.isEmpty, "\(broken)")
        require(image.state == .ready || image.state == .resuming, "\(image.state)")
        do {
            let written = try image.header.write()
            try require(ImageHeader(parsing: written.bytes) == image.header, "another header")
            try checkMachine(image.machine)
        } catch { require(false, "what was read cannot be written: \(error)") }
        for (index, chunk) in image.chunks.enumerated() {
            let stored = area.read(chunk.offset, Int(chunk.size))
            let isGood = stored.withUnsafeBytes { (try? chunk.check($0, index: index)) != nil }
            if isGood, !chunk.isRaw { unpack(chunk, stored, by: image.header.compression) }
        }
    }

    /// What was read can be written, and is then read as the same.
    static func checkMachine(_ machine: MachineRecord) throws {
        var reader = ByteReader<ImageError>(try machine.system.serialised(), at: 0)
        try require(
            SystemDescription(parsing: &reader) == machine.system, "another description")
        reader = ByteReader<ImageError>(try machine.memoryMap.serialised(), at: 0)
        try require(MemoryMap(parsing: &reader) == machine.memoryMap, "another map")
        reader = ByteReader<ImageError>(try machine.invariants.serialised(), at: 0)
        try require(Invariants(parsing: &reader) == machine.invariants, "other invariants")
        reader = ByteReader<ImageError>(machine.jump.serialised(), at: 0)
        try require(JumpRecord(parsing: &reader) == machine.jump, "another jump")
        let system = machine.system
        for text in [
            system.kernelRelease, system.kernelVersion, system.machine, system.hostName,
        ] + machine.invariants.facts.map(\.value) {
            require(
                text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control },
                "a text that steers a terminal: \(text.debugDescription)")
        }
    }

    /// May fail, must not do harm.
    private static func unpack(_ chunk: Chunk, _ stored: [UInt8], by: ChunkCompression) {
        let pages = GuardedBuffer(size: Int(chunk.pageCount) * PageFrame.size)
        let source = GuardedBuffer(stored)
        switch by {
        case .lz4: try? LZ4.decompress(source.content, into: pages.bytes)
        case .zstd:
            try? Zstandard.Decompressor()?.decompress(source.content, into: pages.bytes)
        }
    }
}
