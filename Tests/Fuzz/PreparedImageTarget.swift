// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

@testable import KresumeImage

extension FuzzTarget {
    /// An image that has been begun, as the saver kernel reads it and completes it. An input ends
    /// with how it is completed: the entry, where the data ends.
    static let preparedImage = FuzzTarget(name: "prepared-image", inputLimit: 512) {
        let section = ImageChanges.firstSection
        return [
            [0, 0], [15, 0],
            [0, 0] + Change.put(UInt64(4000), in: 3, at: 16),
            [0, 0] + Change.put(UInt64(0x11_1000), in: section + 3, at: 40),
            [0, 0] + Change.put(UInt64(0x30), in: section + 3, at: 8),
        ]
    } test: { input in
        var changes = Changes(Array(input.dropLast(9)))
        var area = try preparedChanges.get().area(for: &changes)
        if area.bytes.count < PageFrame.size { return }
        let prepared: PreparedImage
        do {
            prepared = try PreparedImage(
                reading: Sample.id, areaSize: area.size, readAt: area.read)
        } catch { return }
        do { try checkMachine(prepared.machine) } catch {
            require(false, "what was read cannot be written: \(error)")
        }
        var choice = Changes(input.suffix(9))
        guard let completion = complete(prepared, as: choice.integer(), choice.integer(), area)
        else { return }
        let write = { (write: ImageWrite) in
            require(
                area.range(write.offset, UInt64(write.bytes.count)) != nil,
                "a write outside the area: \(write.offset)")
            area.write(write)
        }
        completion.forEachWrite(write)
        write(completion.signature)
        do {
            let image = try area.image()
            require(
                image?.header == completion.header && image?.machine == completion.machine
                    && image?.runs == Sample.runs, "another image than was written")
        } catch { require(false, "what was written is refused: \(error)") }
    }

    private static let preparedChanges = Result {
        var area = Sample.swapArea
        _ = try Sample.prepare(&area)
        return try ImageChanges(of: area)
    }

    /// Nil where that is refused.
    private static func complete(
        _ prepared: PreparedImage, as kind: UInt8, _ word: UInt64, _ area: ImageArea
    ) -> Sample.Completion? {
        let start = prepared.firstFreeOffset
        let chunks = [(0, 3, 12288), (3, 4, 5000), (7, 2, 8192)].map { firstPage, pages, size in
            Chunk(
                offset: (kind & 4 == 0 ? start : word) &+ UInt64(firstPage) * 4096,
                size: UInt32(size), firstPage: UInt64(firstPage), pageCount: UInt32(pages),
                checksum: word)
        }
        return try? prepared.completed(
            jumpBackEntry: kind & 1 == 0 ? Sample.jumpBackEntry : PhysicalAddress(word),
            runs: Sample.runs, chunks: chunks,
            dataEnd: kind & 2 == 0 ? start &+ 9 * 4096 : word, areaSize: area.size)
    }
}
