// SPDX-License-Identifier: GPL-2.0-or-later

import CLZO
import Checksum
import Compression
import Foundation
import MachineHarness
import Sealing

/// How fast one core unpacks and checks, on the host itself; beside it, what the tools of the
/// compression libraries say of the same bytes in blocks of the same size.
struct MemorySpeeds {
    let lines: [String]

    private static let size = 64 << 20

    init(data: URL) throws {
        let file = try FileHandle(forReadingFrom: data)
        defer { try? file.close() }
        let bytes = try file.read(upToCount: Self.size) ?? Data()
        let sample = data.deletingLastPathComponent().appending(path: "bench-sample")
        try bytes.write(to: sample)
        defer { try? FileManager.default.removeItem(at: sample) }

        let own = Blocks([UInt8](bytes), size: 1 << 20) { LZ4.compress($0, into: $1) }
        let stockLZ4 = Blocks([UInt8](bytes), size: 128 << 10) { LZ4.compress($0, into: $1) }
        let stockLZO = Blocks([UInt8](bytes), size: 128 << 10, compress: compressLZO)
        let sealed = ChunkCipher.allCases.filter(\.isAvailable).map { Self.opening($0, bytes) }
        lines =
            [
                "one core of the host, MB/s of unpacked data, \(bytes.count >> 20) MiB:",
                own.line("own LZ4, XXH64", unpack: LZ4.decompress) { stored, _ in
                    XXH64.hash(stored)
                },
                stockLZ4.line("kernel's LZ4, CRC32", unpack: LZ4.decompress) { _, pages in
                    UInt64(CRC32.update(0, pages))
                },
                stockLZO.line("kernel's LZO, CRC32", unpack: LZO.decompress) { _, pages in
                    UInt64(CRC32.update(0, pages))
                },
            ] + sealed + [
                try Self.tool("lz4", "-b1", "-i3", "-B1048576", sample.path),
                try Self.tool("lz4", "-b1", "-i3", "-B131072", sample.path),
                try Self.tool("zstd", "-b1", "-i3", "-B1048576", sample.path),
                try Self.tool("zstd", "-b3", "-i3", "-B1048576", sample.path),
            ]
    }

    /// How fast sealed chunks are checked and decrypted, before they are unpacked: an emulated processor has no
    /// fast instructions for it.
    private static func opening(_ cipher: ChunkCipher, _ bytes: Data) -> String {
        let sealer = ChunkSealer(cipher, key: SecretBytes([UInt8](repeating: 1, count: 32)))
        let size = 1 << 20
        var chunk = [UInt8](bytes.prefix(size))
        var target = chunk
        var best = Double.infinity
        let isOpened = chunk.withUnsafeMutableBytes { chunk in
            let tag = sealer.seal(chunk, number: 1, context: [])
            return target.withUnsafeMutableBytes { target in
                (0..<300).allSatisfy { _ in
                    let turn = ContinuousClock.now
                    let isGood = sealer.open(
                        UnsafeRawBufferPointer(chunk), into: target, number: 1, context: [],
                        tag: tag)
                    best = min(best, turn.duration(to: .now).inSeconds)
                    return isGood
                }
            }
        }
        let speed = isOpened ? String(format: "%.0f", Double(chunk.count) / best / 1e6) : "failed"
        return "  sealed by \(cipher), blocks of 1024 KiB: \(speed)"
    }

    /// The last speed that the tool shows is that of unpacking.
    private static func tool(_ words: String...) throws -> String {
        let output = try Host.run(["sh", "-c", "\"$@\" 2>&1", "sh"] + words)
        let speeds = output.split(separator: " MB/s").dropLast()
        let speed =
            speeds.last?.split { $0.isWhitespace || $0 == "," }.last ?? "no number"
        return "  \(words.dropLast().joined(separator: " ")): \(speed)"
    }
}

/// Data as an image has it: blocks, packed where that gains something.
private struct Blocks {
    private struct Block {
        var stored: [UInt8]
        var size: Int
        var isRaw: Bool
    }

    private var blocks: [Block] = []
    private let size: Int
    private let total: Int

    init(
        _ bytes: [UInt8], size: Int,
        compress: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) -> Int?
    ) {
        self.size = size
        total = bytes.count
        var room = [UInt8](repeating: 0, count: size + size / 16 + 128)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let part = Array(bytes[start..<min(start + size, bytes.count)])
            let packed = part.withUnsafeBytes { part in
                room.withUnsafeMutableBytes { compress(part, $0) }
            }
            blocks.append(
                Block(
                    stored: packed.map { Array(room[..<$0]) } ?? part, size: part.count,
                    isRaw: packed == nil))
        }
    }

    /// Unpacks and checks all blocks, for a second or more; the fastest turn counts, as with the
    /// tools.
    func line(
        _ name: String,
        unpack: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) throws -> Void,
        check: (_ stored: UnsafeRawBufferPointer, _ pages: UnsafeRawBufferPointer) -> UInt64
    ) -> String {
        var target = [UInt8](repeating: 0, count: size)
        var best = Double.infinity
        var sum: UInt64 = 0
        let start = ContinuousClock.now
        while start.duration(to: .now) < .seconds(2) {
            let turn = ContinuousClock.now
            for block in blocks {
                block.stored.withUnsafeBytes { stored in
                    target.withUnsafeMutableBytes { target in
                        let pages = UnsafeMutableRawBufferPointer(rebasing: target[..<block.size])
                        if block.isRaw {
                            pages.copyMemory(from: stored)
                        } else {
                            do { try unpack(stored, pages) } catch { sum = .max }
                        }
                        sum ^= check(stored, UnsafeRawBufferPointer(pages))
                    }
                }
            }
            best = min(best, turn.duration(to: .now).inSeconds)
        }
        // What comes to nothing might be left out.
        let speed = sum == .max ? "failed" : String(format: "%.0f", Double(total) / best / 1e6)
        return "  \(name), blocks of \(size >> 10) KiB: \(speed)"
    }
}

private func compressLZO(
    _ source: UnsafeRawBufferPointer, _ destination: UnsafeMutableRawBufferPointer
) -> Int? {
    var work = [UInt8](repeating: 0, count: 16384 * MemoryLayout<UnsafeRawPointer>.size)
    var size = lzo_uint(destination.count)
    let status = lzo1x_1_compress(
        source.baseAddress, lzo_uint(source.count), destination.baseAddress, &size, &work)
    return status == LZO_E_OK ? Int(size) : nil
}
