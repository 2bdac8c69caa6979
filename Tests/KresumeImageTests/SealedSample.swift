// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import Sealing
import SwapArea

@testable import KresumeImage

/// The sample image, sealed. Also for the fuzzer.
enum SealedSample {
    static let key = OpeningKey(
        pair: KeyPair(secretKey: SecretBytes(0x00..<0x20))!, machineSecret: SecretBytes(0x20..<0x40)
    )
    static let imageKey = SecretBytes(0x40..<0x60)

    static func prepared(
        _ area: inout ImageArea, id: ImageID = Sample.id
    ) throws -> PreparedImage {
        let prepared = try PreparedImage(
            id: id, creationTime: 1_750_000_000, signaturePage: SignaturePage(area.read(0, 4096)),
            machine: Sample.machine, isSealed: true, areaSize: area.size)
        for write in prepared.writes { area.write(write) }
        return prepared
    }

    /// Seals the chunks of ``Sample/storeChunks(_:at:)`` where they are.
    static func chunks(
        _ area: inout ImageArea, at start: UInt64, _ sealer: ImageSealer
    ) -> [Chunk] {
        Sample.storeChunks(&area, at: start).map { chunk in
            var chunk = chunk
            chunk.checksum = 0
            var stored = area.read(chunk.offset, Int(chunk.size))
            chunk.tag = stored.withUnsafeMutableBytes { sealer.seal($0, chunk) }
            area.put(stored, at: Int(chunk.offset))
            return chunk
        }
    }

    static func area(
        _ key: OpeningKey = key, imageKey: SecretBytes = imageKey, id: ImageID = Sample.id,
        cipher: ChunkCipher = .xChaCha20Poly1305,
        orders change: (inout SealOrders) -> Void = { _ in }
    ) throws -> ImageArea {
        var area = Sample.swapArea
        let written = try prepared(&area, id: id)
        guard var orders = written.sealOrders(key.sealingKey) else { throw ImageError.notAuthentic }
        change(&orders)
        // As the saver kernel does it: from what it reads.
        let prepared = try PreparedImage(reading: id, areaSize: area.size, readAt: area.read)
        let sealer = try ImageSealer(orders, id: id, imageKey: imageKey, cipher: cipher)
        let chunks = chunks(&area, at: prepared.firstFreeOffset, sealer)
        let completion = try prepared.completed(
            jumpBackEntry: Sample.jumpBackEntry, runs: Sample.runs, chunks: chunks,
            dataEnd: prepared.firstFreeOffset + 7 * 4096, areaSize: area.size, sealer: sealer)
        completion.forEachWrite { area.write($0) }
        area.write(completion.signature)
        return area
    }
}

extension ImageArea {
    /// What is wrong with a sealed image, from its first byte to the last of its chunks; nil where
    /// nothing is.
    func sealComplaint(_ key: OpeningKey = SealedSample.key) -> ImageError? {
        do throws(ImageError) {
            guard let image = try image() else { return nil }
            guard let opener = try image.open(with: key) else { return .notAuthentic }
            for (index, chunk) in image.chunks.enumerated() {
                var stored = read(chunk.offset, Int(chunk.size))
                let result = stored.withUnsafeMutableBytes { memory in
                    Result { () throws(ImageError) in
                        try opener.open(
                            UnsafeRawBufferPointer(memory), into: memory, chunk, index: index)
                    }
                }
                try result.get()
            }
        } catch { return error }
        return nil
    }
}
