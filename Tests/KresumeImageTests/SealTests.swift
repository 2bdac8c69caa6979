// SPDX-License-Identifier: GPL-2.0-or-later

import Checksum
import PhysicalMemory
import Sealing
import SwapArea
import Testing

@testable import KresumeImage

private func hex(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8)
    return stride(from: 0, to: digits.count, by: 2).map {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)!
    }
}

@Suite struct SealTests {
    /// docs/image-format.md, Test vector. The numbers are of other software than libsodium.
    @Test func valuesAreAsDocumented() throws {
        let key = SealedSample.key
        #expect(
            key.pair.publicKey
                == hex("8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f"))
        let jump = [UInt8](repeating: 0, count: 8) + [4]
        let token = Digest(
            of: SealMessage.token(
                Sample.id, system: Digest(of: [1]), memoryMap: Digest(of: [2]),
                invariants: Digest(of: [3]), jump: Digest(of: jump)), key: key.machineSecret)
        #expect(
            token.bytes == hex("a69b64ca0afe0dff5adbacc30e8b32893781a996b8e5a19714a532682d515821"))
        let tagged: [(ChunkCipher, String)] = [
            (.aes256GCM, "a568216ccca52294eea36e9559bfe9cf64f5666157"),
            (.xChaCha20Poly1305, "95796dc0a2b341ddd229c29796792269733f4517e7"),
        ]
        for (cipher, expected) in tagged where cipher.isAvailable {
            let secrets = ImageSecrets(
                imageKey: SealedSample.imageKey, token: token, cipher: cipher)
            let chunk = Chunk(offset: 0x3000, size: 5, firstPage: 0, pageCount: 1, checksum: 0)
            var bytes = Array("hello".utf8)
            let tag = bytes.withUnsafeMutableBytes {
                secrets.chunks.seal(
                    $0, number: chunk.offset, context: SealMessage.chunk(Sample.id, chunk))
            }
            let words = [tag.low, tag.high].flatMap { word in
                (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
            }
            #expect(bytes + words == hex(expected))
            secrets.authenticationKey.withBytes {
                #expect(
                    Array($0)
                        == hex("0f6b863d2bec9887496bc707be1a646ec8d464a9dabcb6919b5fa541b7dccfef"))
            }
            let page =
                (0..<4088).map { UInt8(truncatingIfNeeded: $0 * 7) }
                + [UInt8](repeating: 0, count: 8)
            let front = ImageSeal.front(
                .aes256GCM, publicKey: key.pair.publicKey, sealedKey: Array(0..<80))
            let message = SealMessage.image(
                headerPage: page, sections: [Digest(of: [1]), Digest(of: [2])], seal: front)
            #expect(
                Digest(of: message, key: secrets.authenticationKey).bytes
                    == hex("6a857ce7db28091d07cb5d215b82b9435715fd67eed24f1066050bb4d817ee38"))
        }
    }

    @Test(arguments: ChunkCipher.allCases.filter(\.isAvailable))
    func whatIsSealedIsOpened(cipher: ChunkCipher) throws {
        let plain = try Sample.area()
        let area = try SealedSample.area(cipher: cipher)
        let image = try #require(try area.image())
        #expect(image.header.isSealed && image.seal?.cipher == cipher)
        #expect(image.seal?.publicKey == SealedSample.key.pair.publicKey)
        #expect(image.chunks.map(\.checksum) == [0, 0, 0])
        #expect(image.runs == Sample.runs && image.machine.jump.jumpBackEntry != nil)
        let opener = try #require(try image.open(with: SealedSample.key))
        let plainChunks = try #require(try plain.image()).chunks
        for (index, (chunk, other)) in zip(image.chunks, plainChunks).enumerated() {
            let stored = area.read(chunk.offset, Int(chunk.size))
            var opened = stored
            try opened.withUnsafeMutableBytes {
                try opener.open(UnsafeRawBufferPointer($0), into: $0, chunk, index: index)
            }
            #expect(opened == plain.read(other.offset, Int(other.size)) && opened != stored)
        }
        #expect(area.sealComplaint() == nil)
    }

    @Test func bytesAreAsDocumented() throws {
        let area = try SealedSample.area()
        #expect(area.bytes[4096 + 16] == 4)
        let seal = try area.sectionOffset(.seal)
        #expect(Array(area.bytes[seal..<seal + 8]) == [2, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(area.bytes[seal + 8..<seal + 40]) == SealedSample.key.pair.publicKey)
        let sealed = Array(area.bytes[seal + 40..<seal + 120])
        #expect(
            SealedSample.key.pair.open(sealed)?.isEqual(to: SealedSample.imageKey) == true)
        let header = try ImageHeader(parsing: area.read(4096, 4096))
        let section = try #require(header.sections.last)
        #expect(section.kind == .seal && section.size == 152 && section.isRequired)
        let image = try #require(try area.image())
        let chunks = try area.sectionOffset(.chunks)
        let tag = image.chunks[1].tag
        let entry = area.bytes[chunks + 32..<chunks + 64]
        #expect(
            entry.suffix(16).elementsEqual(
                [tag.low, tag.high].flatMap { word in
                    (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
                }))
    }

    /// Whoever changes a byte also makes the checksums agree.
    @Test func everyByteOfTheFrontAndTheTablesCounts() throws {
        let good = try SealedSample.area()
        let header = try ImageHeader(parsing: good.read(4096, 4096))
        let places =
            Array(4096..<4096 + 4088)
            + header.sections.flatMap { section in
                Array(Int(section.offset)..<Int(section.offset + section.size))
            }
        for place in places {
            var area = good
            area.bytes[place] ^= 0x04
            // A section's entry no longer describes it; then what it is refused for is another matter.
            if place >= 12288 { try area.sealSections() } else { area.sealHeader() }
            #expect(area.sealComplaint() != nil, "byte \(place)")
        }
    }

    @Test func everyByteOfAChunkCounts() throws {
        let good = try SealedSample.area()
        let image = try #require(try good.image())
        for (index, chunk) in image.chunks.enumerated() {
            for place in stride(from: 0, to: Int(chunk.size), by: index == 1 ? 3 : 97) {
                var area = good
                area.bytes[Int(chunk.offset) + place] ^= 1
                #expect(area.sealComplaint() == .chunkNotAuthentic(index, offset: chunk.offset))
            }
        }
    }

    /// The same pages and the same sizes, in another order; with their tags and without.
    @Test func chunksDoNotChangePlaces() throws {
        let good = try SealedSample.area()
        let image = try #require(try good.image())
        let table = try good.sectionOffset(.chunks)
        // Of the raw ones both have two pages at least.
        let (first, second) = (image.chunks[0], image.chunks[2])
        var area = good
        area.put(good.read(second.offset, 8192), at: Int(first.offset))
        area.put(good.read(first.offset, 8192), at: Int(second.offset))
        #expect(area.sealComplaint() == .chunkNotAuthentic(0, offset: first.offset))
        for (entry, other) in [(0, 2), (2, 0)] {
            area.put(good.read(UInt64(table + 32 * other + 16), 16), at: table + 32 * entry + 16)
        }
        try area.sealSections()
        #expect(area.sealComplaint() == .notAuthentic)
    }

    /// Of the same machine with the same key: an image that was good once.
    @Test func nothingOfAnOlderImageIsTaken() throws {
        let good = try SealedSample.area()
        let old = try SealedSample.area(
            imageKey: SecretBytes(0x50..<0x70), id: ImageID(low: 7, high: 7))
        #expect(old.sealComplaint() == nil)
        let image = try #require(try good.image())
        let header = image.header
        for section in header.sections {
            var area = good
            area.put(
                old.read(section.offset, Int(ImageFormat.padded(section.size))),
                at: Int(section.offset))
            try area.sealSections()
            // Some sections are the same in both.
            if area == good { continue }
            #expect(area.sealComplaint() == .notAuthentic, "\(section.kind)")
        }
        for (index, chunk) in image.chunks.enumerated() {
            var area = good
            area.put(old.read(chunk.offset, Int(chunk.size)), at: Int(chunk.offset))
            #expect(area.sealComplaint() == .chunkNotAuthentic(index, offset: chunk.offset))
        }
        // With the seal and the chunks' table of the old one, but under this one's id.
        var area = old
        area.put(good.read(4096 + 32, 16), at: 4096 + 32)
        area.sealHeader()
        area.put(good.read(8192, 4096), at: 8192)
        #expect(area.sealComplaint() == .notAuthentic)
    }

    /// Who knows the public key can seal to it; what he does not know is the machine's secret.
    @Test func onlyThisMachineMakesItsImages() throws {
        let stranger = OpeningKey(
            pair: SealedSample.key.pair, machineSecret: SecretBytes(0x21..<0x41))
        #expect(try SealedSample.area(stranger).sealComplaint() == .notAuthentic)
        let other = OpeningKey.random()
        let area = try SealedSample.area(other)
        #expect(area.sealComplaint(other) == nil && area.sealComplaint() == .otherKey)
        // The public key of this machine written into it.
        var changed = area
        changed.put(SealedSample.key.pair.publicKey, at: try area.sectionOffset(.seal) + 8)
        try changed.sealSections()
        #expect(changed.sealComplaint() == .notAuthentic)
        // A's word for another image.
        let token = try SealedSample.area { orders in orders.token[31] ^= 1 }
        #expect(token.sealComplaint() == .notAuthentic)
    }

    /// What A has prepared is part of A's word, though B writes the tables.
    @Test(arguments: [SectionKind.system, .memoryMap, .invariants, .jump])
    func whatIsPreparedMustBeAs(kind: SectionKind) throws {
        var area = Sample.swapArea
        let written = try SealedSample.prepared(&area)
        let orders = try #require(written.sealOrders(SealedSample.key.sealingKey))
        // Between A and B: a letter, an address, a digit, the message page.
        let place = [SectionKind.system: 4, .memoryMap: 8, .invariants: 20, .jump: 41][kind] ?? 0
        let offset = Int(written.header.sections.first { $0.kind == kind }?.offset ?? 0) + place
        area.bytes[offset] ^= kind == .jump ? 0x10 : 1
        try area.sealSections()
        let prepared = try PreparedImage(reading: Sample.id, areaSize: area.size, readAt: area.read)
        let sealer = try ImageSealer(orders, id: Sample.id)
        let chunks = SealedSample.chunks(&area, at: prepared.firstFreeOffset, sealer)
        let completion = try? prepared.completed(
            jumpBackEntry: Sample.jumpBackEntry, runs: Sample.runs, chunks: chunks,
            dataEnd: prepared.firstFreeOffset + 7 * 4096, areaSize: area.size, sealer: sealer)
        guard let completion else { return }
        completion.forEachWrite { area.write($0) }
        area.write(completion.signature)
        #expect(area.sealComplaint() == .notAuthentic, "\(kind)")
    }

    @Test func truncatedImagesAreRefused() throws {
        let good = try SealedSample.area()
        let end = Int(try ImageHeader(parsing: good.read(4096, 4096)).imageSize)
        for pages in 3..<end / 4096 {
            var area = good
            area.bytes.removeLast(area.bytes.count - pages * 4096)
            #expect(area.sealComplaint() != nil)
            area = good
            area.put(
                [UInt8](repeating: 0, count: area.bytes.count - pages * 4096), at: pages * 4096)
            if area != good { #expect(area.sealComplaint() != nil, "\(pages)") }
        }
    }

    @Test func flagAndSectionGoTogether() throws {
        // A sealed image that says that it is plain, and a plain one with a seal.
        var area = try SealedSample.area()
        area.patchHeader(UInt64(0), at: 16)
        #expect(area.complaint != nil)
        area = try Sample.area()
        area.patchHeader(UInt64(4), at: 16)
        #expect(area.complaint == .missingSection(.seal))
        area = try Sample.area()
        try area.editHeader {
            $0.sections.append(
                ImageSection(
                    kind: .seal, isRequired: true, offset: 12288, size: 0,
                    checksum: XXH64.hash([UInt8]())))
        }
        #expect(area.complaint == .unexpectedSection(.seal))
        // Prepared, it has none.
        area = Sample.swapArea
        _ = try SealedSample.prepared(&area)
        try area.editHeader {
            $0.sections.append(
                ImageSection(
                    kind: .seal, isRequired: true, offset: 12288, size: 0,
                    checksum: XXH64.hash([UInt8]())))
        }
        #expect(throws: ImageReadError<Never>.self) {
            try PreparedImage(reading: Sample.id, areaSize: area.size, readAt: area.read)
        }
        area = try SealedSample.area()
        try area.patchSection(.seal, UInt32(3), at: 0)
        #expect(area.complaint == .cipher(3))
    }

    /// One that a newer kresume has written, and that an older one may pass over, is authenticated too.
    @Test func sectionsOfOtherKindsCount() throws {
        var area = Sample.swapArea
        let written = try SealedSample.prepared(&area)
        let orders = try #require(written.sealOrders(SealedSample.key.sealingKey))
        var header = written.header
        let extra = try header.append(SectionKind(rawValue: 77), Array("more".utf8))
        header.sections[header.sections.count - 1].isRequired = false
        area.write(extra)
        area.write(try header.write())
        let prepared = try PreparedImage(reading: Sample.id, areaSize: area.size, readAt: area.read)
        let sealer = try ImageSealer(orders, id: Sample.id)
        let chunks = SealedSample.chunks(&area, at: prepared.firstFreeOffset, sealer)
        let completion = try prepared.completed(
            jumpBackEntry: Sample.jumpBackEntry, runs: Sample.runs, chunks: chunks,
            dataEnd: prepared.firstFreeOffset + 7 * 4096, areaSize: area.size, sealer: sealer)
        completion.forEachWrite { area.write($0) }
        area.write(completion.signature)
        #expect(area.sealComplaint() == nil)
        area.bytes[Int(extra.offset)] ^= 1
        try area.sealSections()
        #expect(area.sealComplaint() == .notAuthentic)
    }
}
