// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import KresumeImage
import PhysicalMemory

@testable import SwsuspImage

extension FuzzTarget {
    /// An image of the kernel's, as one who resumes reads it.
    ///
    /// An input is: which image (1 byte), how to treat it (1 byte: the lowest bit leaves the
    /// checksum alone, the others are how it is read), how many pages the device has (1 byte, 0
    /// for all), and changes: of the memory and the lists before they are compressed, then of the
    /// device.
    static let stockImage = FuzzTarget(name: "stock-image", inputLimit: 512) {
        // No checksum's flag; a frame twice; another page table; another block length.
        let changes: [(treatment: UInt8, pages: UInt8, [UInt8])] = [
            (6, 0, []), (7, 90, []),
            (2, 0, Change.put(UInt32(1), in: 5, at: 16)),
            (2, 0, Change.put(UInt64(0x21), in: 0, at: 16)),
            (2, 0, Change.put(UInt64(0x24063), in: 2, at: 4088)),
            (40, 0, Change.put(UInt64(600), in: 10, at: 0)),
        ]
        return StockImageChanges.shapes.indices.flatMap { shape in
            changes.map { [UInt8(shape), $0.treatment, $0.pages] + $0.2 }
        }
    } test: { input in
        var changes = Changes(input)
        let shape = Int(changes.integer(UInt8.self)) % StockImageChanges.shapes.count
        let treatment = changes.integer(UInt8.self)
        let base = StockImageChanges.bases[shape]
        var device = base.device(for: &changes)
        do throws(SwsuspError) {
            guard try device.front() != nil else { return }
            try check(try device.image(), on: &device, treatment)
        } catch { return }
    }

    private static func check(
        _ image: SwsuspImage, on device: inout TestDevice, _ treatment: UInt8
    ) throws(SwsuspError) {
        let broken = brokenPromises(of: image, on: device)
        require(broken.isEmpty, "\(broken)")
        if case .x86(let record) = image.info.restore { _ = record.form(matching: map) }
        let early = try? image.pagingLevels(readAt: device.read)
        let stream = try stream(
            of: image, on: &device, isSealed: treatment & 1 == 0,
            piece: UInt64(treatment >> 1) + 1)
        require(stream.count == Int(image.info.streamPages) * 4096, "a stream of another length")
        // What single pages say is what the whole says.
        let whole = try? image.info.restore.pagingLevels { frame in
            page(frame, of: image, stream)
        }
        require(early == whole, "levels \(early as Any), not \(whole as Any)")
    }

    private static let map = MemoryMap([
        .init(PhysicalRange(PhysicalAddress(0), PhysicalAddress(0x80_0000)), .ram)
    ])

    /// All of the stream; with the checksum that it has, if that is to be.
    private static func stream(
        of image: SwsuspImage, on device: inout TestDevice, isSealed: Bool, piece: UInt64
    ) throws(SwsuspError) -> [UInt8] {
        do throws(SwsuspError) { return try device.stream(of: image, piece: piece) } catch {
            guard isSealed, case .checksum(_, let found) = error else { throw error }
            device.put(found, at: device.header + 4060)
            let again = try device.image()
            do throws(SwsuspError) { return try device.stream(of: again, piece: 17) } catch {
                fatalError("found: another piece size, another stream: \(error)")
            }
        }
    }

    private static func page(
        _ frame: PageFrame, of image: SwsuspImage, _ stream: [UInt8]
    ) -> [UInt8]? {
        if image.runs.contains(where: { $0.kind == .zero && $0.frames.contains(frame) }) {
            return [UInt8](repeating: 0, count: 4096)
        }
        guard let page = image.runs.dataPage(of: frame) else { return nil }
        let start = (Int(image.info.listPages) + page) * 4096
        return Array(stream[start..<start + 4096])
    }
}
