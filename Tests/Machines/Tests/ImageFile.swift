// SPDX-License-Identifier: GPL-2.0-or-later

import CXXHash
import Foundation
import MachineHarness

/// An image in a disk's file, to be looked at and damaged. Offsets and fields: docs/image-format.md.
///
/// On purpose not made with the modules under test: what they get wrong must not be right here.
final class ImageFile {
    private let file: FileHandle
    /// What was overwritten, the latest first; nil while nobody wants to know.
    private var overwritten: [(offset: Int, bytes: [UInt8])]?
    /// Of the image area on the disk.
    private let start: Int

    static let header = 4096
    static let state = 8192
    /// Where the sections begin.
    static let sections = 12288

    enum Section: UInt32 {
        case system = 1
        case memoryMap, invariants, jump, runs, chunks
    }

    init(_ path: String, at start: Int = 0) throws {
        self.start = start
        file = try FileHandle(forUpdating: URL(filePath: path))
    }

    func read(_ offset: Int, _ count: Int) throws -> [UInt8] {
        try file.seek(toOffset: UInt64(start + offset))
        return Array(try file.read(upToCount: count) ?? Data())
    }

    /// Does `changes`, and tells how to undo them: what to write where, in this order.
    func recordingChanges(
        _ changes: () throws -> Void
    ) throws -> [(offset: Int, bytes: [UInt8])] {
        overwritten = []
        defer { overwritten = nil }
        try changes()
        return overwritten ?? []
    }

    func write(_ bytes: [UInt8], at offset: Int) throws {
        if overwritten != nil {
            overwritten?.insert((offset, try read(offset, bytes.count)), at: 0)
        }
        try file.seek(toOffset: UInt64(start + offset))
        try file.write(contentsOf: Data(bytes))
    }

    func integer<T: FixedWidthInteger>(_ offset: Int, as type: T.Type = T.self) throws -> T {
        try read(offset, MemoryLayout<T>.size).reversed().reduce(0) { $0 << 8 | T($1) }
    }

    func write(_ value: some FixedWidthInteger, at offset: Int) throws {
        try write(withUnsafeBytes(of: value.littleEndian) { Array($0) }, at: offset)
    }

    /// Turns over every bit of a byte.
    func flip(_ offset: Int) throws {
        try write(try read(offset, 1).map { ~$0 }, at: offset)
    }

    /// Where the section's entry in the section table is.
    private func entry(of section: Section) throws -> Int {
        let table = Self.header + Int(try integer(Self.header + 12, as: UInt32.self))
        let count = Int(try integer(Self.header + 68, as: UInt32.self))
        for index in 0..<min(count, 64)
        where try integer(table + 32 * index, as: UInt32.self) == section.rawValue {
            return table + 32 * index
        }
        throw MachineError.notStarted(ENOENT, "section \(section) in the image")
    }

    func offset(of section: Section) throws -> Int {
        Int(try integer(entry(of: section) + 8, as: UInt64.self))
    }

    /// The sum of all chunks' sizes, in bytes.
    func storedDataSize() throws -> UInt64 {
        let table = try offset(of: .chunks)
        let count = Int(try integer(Self.header + 88, as: UInt64.self))
        return try (0..<count).reduce(0) {
            $0 + UInt64(try integer(table + 24 * $1 + 8, as: UInt32.self))
        }
    }

    /// Makes the checksums of `section` and of the header right again.
    func sign(_ section: Section) throws {
        let entry = try entry(of: section)
        let size = Int(try integer(entry + 16, as: UInt64.self))
        try write(checksum(try read(offset(of: section), size)), at: entry + 24)
        try signHeader()
    }

    func signHeader() throws {
        try write(checksum(try read(Self.header, 4088)), at: Self.header + 4088)
    }

    func signState() throws {
        try write(checksum(try read(Self.state, 32)), at: Self.state + 32)
    }

    private func checksum(_ bytes: [UInt8]) -> UInt64 { XXH64(bytes, bytes.count, 0) }
}
