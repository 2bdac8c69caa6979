// SPDX-License-Identifier: GPL-2.0-or-later

import KeyFiles
import Sealing

@testable import KresumeImage

extension FuzzTarget {
    /// A sealed image, as one who has its key reads it: whatever is opened is what was sealed.
    static let sealedImage = FuzzTarget(name: "sealed-image", inputLimit: 512) {
        let section = ImageChanges.firstSection
        return [
            [0, 0], [15, 0], [0, 3],
            [0, 0] + Change.put(UInt64(0), in: 2, at: 16),
            [0, 0] + Change.put(UInt32(1), in: section + 6, at: 0),
            [0, 0] + Change.put(UInt8(1), in: section + 6, at: 151),
            [0, 0] + Change.put(UInt64(1), in: section + 6, at: 40),
            [0, 0] + Change.put(UInt64(7), in: section + 5, at: 16),
            [0, 0] + Change.put(UInt64(151), in: 3, at: 6 * 32 + 16),
            [0, 0] + Change.put(UInt64(64), in: 3, at: 5 * 32 + 16),
            [0, 0] + Change.put(UInt32(3), in: 4, at: 24),
            [0, 0] + Change.put(UInt64(0x11_0000), in: section + 3, at: 0),
        ]
    } test: { input in
        var changes = Changes(input)
        let good = try sealed.get()
        let area = good.changes.area(for: &changes)
        let image: HibernationImage
        let opener: ImageOpener
        do throws(ImageError) {
            guard let found = try area.image() else { return }
            image = found
            guard let opened = try found.open(with: SealedSample.key) else {
                // One that says that it is plain is an affair of another target.
                require(!found.header.isSealed, "a sealed image that needs no key")
                return
            }
            opener = opened
        } catch { return }
        var same = image
        same.state = good.image.state
        same.mapRetries = good.image.mapRetries
        require(same == good.image, "what was changed is taken for what was written")
        for (index, chunk) in image.chunks.enumerated() {
            var stored = area.read(chunk.offset, Int(chunk.size))
            let isOpen = stored.withUnsafeMutableBytes { bytes in
                (try? opener.open(
                    UnsafeRawBufferPointer(bytes), into: bytes, chunk, index: index)) != nil
            }
            require(!isOpen || stored == good.chunks[index], "chunk \(index) is another one")
        }
    }

    private struct Good {
        var changes: ImageChanges
        var image: HibernationImage
        var chunks: [[UInt8]]
    }

    private static let sealed = Result {
        let area = try SealedSample.area()
        guard let image = try area.image(), let opener = try image.open(with: SealedSample.key)
        else {
            throw ImageError.notAuthentic
        }
        let chunks = try image.chunks.enumerated().map { index, chunk in
            var stored = area.read(chunk.offset, Int(chunk.size))
            try stored.withUnsafeMutableBytes {
                try opener.open(UnsafeRawBufferPointer($0), into: $0, chunk, index: index)
            }
            return stored
        }
        return Good(changes: try ImageChanges(of: area), image: image, chunks: chunks)
    }

    /// Both files of a key. An input is one of them; where the first byte is 0 or 1, changes of a good
    /// one.
    static let keyFile = FuzzTarget(name: "key-file", inputLimit: 256) {
        let key = SealedSample.key
        return [
            try plainKey.get(), SealingKeyFile.serialised(key.sealingKey),
            [0] + Change.put(UInt32(1), in: 0, at: 12), [1] + Change.put(UInt8(7), in: 0, at: 50),
        ]
    } test: { input in
        var bytes = input
        if let first = input.first, first < 2 {
            bytes =
                try first == 0
                ? plainKey.get() : SealingKeyFile.serialised(SealedSample.key.sealingKey)
            var changes = Changes(Array(input.dropFirst()))
            while let change = changes.next() { change.apply(to: &bytes, in: 0..<bytes.count) }
        }
        if let file = try? OpeningKeyFile(parsing: bytes) {
            require(file.serialised == bytes, "what was read is written otherwise")
            if case .passphrase(let cost, _) = file.wrapping {
                require(cost.isAllowed, "a passphrase that costs too much")
            } else {
                require((try? file.key()) != nil, "a key that does not open")
            }
        }
        if let key = try? SealingKeyFile.parse(bytes) {
            var same = SealingKeyFile.serialised(key)
            // Zeroes are written there, and not looked at; the checksum is over them.
            if bytes[12..<16].contains(where: { $0 != 0 }) { same = bytes }
            require(same == bytes, "what was read is written otherwise")
        }
    }

    private static let plainKey = Result {
        try OpeningKeyFile(SealedSample.key, passphrase: nil).serialised
    }
}
