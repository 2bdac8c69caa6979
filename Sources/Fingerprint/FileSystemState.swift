// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// What tells that a file system has changed: which one it is, and numbers that are other ones as soon
/// as somebody has written to it.
package struct FileSystemState: Hashable, Sendable {
    /// What a number is. Those of docs/image-format.md.
    package struct Field: RawRepresentable, Hashable, Sendable {
        package var rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }
    }

    package struct Value: Hashable, Sendable {
        package var field: Field
        package var value: UInt64

        package init(_ field: Field, _ value: UInt64) {
            self.field = field
            self.value = value
        }
    }

    package var kind: FileSystemKind
    /// By what it is known again, wherever it is plugged in: its UUID, or what it has in place of one.
    package var identity: [UInt8]
    /// In ascending order of their fields.
    package var values: [Value]

    package init(kind: FileSystemKind, identity: [UInt8], values: [Value]) {
        self.kind = kind
        self.identity = identity
        self.values = values
    }

    package subscript(field: Field) -> UInt64? { values.first { $0.field == field }?.value }
}

extension FileSystemState.Field {
    /// XXH64 of what says of itself what the file system is: superblock or boot sector.
    package static let superblock = Self(rawValue: 1)
    /// In seconds since 1970, as are the other times.
    package static let mountTime = Self(rawValue: 2)
    package static let mountCount = Self(rawValue: 3)
    package static let writeTime = Self(rawValue: 4)
    package static let checkTime = Self(rawValue: 5)
    package static let journalSequence = Self(rawValue: 6)
    /// XXH64 of the journal's superblock, or of the log around its head.
    package static let journal = Self(rawValue: 7)
    /// The journal is on another device, and is not looked at.
    package static let externalJournal = Self(rawValue: 8)
    package static let logCycle = Self(rawValue: 9)
    package static let logBlock = Self(rawValue: 10)
    /// The greater, the newer: of btrfs the transaction's number, of LVM2 that of the metadata, of XFS the
    /// place in the log at which the superblock was written.
    package static let generation = Self(rawValue: 11)
    /// The newer one of two.
    package static let checkpoint = Self(rawValue: 12)
    /// XXH64 of both.
    package static let checkpoints = Self(rawValue: 13)
    /// XXH64 of the table or bitmap that says which clusters are in use.
    package static let allocation = Self(rawValue: 14)
    /// XXH64.
    package static let rootDirectory = Self(rawValue: 15)
    package static let events = Self(rawValue: 16)

    /// Those that this program looks at; of others it does not know what they mean.
    var isKnown: Bool { 1...16 ~= rawValue }
}

/// How one kind of file system is read. Everything is checked against what it may be.
protocol DiskFormat {
    /// Nil where there is none.
    init?(_ disk: DiskReader)
    var identity: [UInt8] { get }
    /// Nil where something cannot be read.
    func values(_ disk: DiskReader) -> [FileSystemState.Value]?
}

extension FileSystemState {
    /// Reads a number of bytes at an offset of a device; nil where that failed.
    package typealias ReadAt = (_ offset: UInt64, _ count: Int) -> [UInt8]?

    /// By what a file system of this kind is known again; nil where there is none. Reads little.
    package static func identity(
        of kind: FileSystemKind, size: UInt64, readAt: @escaping ReadAt
    ) -> [UInt8]? {
        format(kind, DiskReader(size: size, readAt))?.identity
    }

    /// The state of a file system of this kind on a device of `size` bytes; nil where there is none,
    /// or it cannot be read.
    package init?(_ kind: FileSystemKind, size: UInt64, readAt: @escaping ReadAt) {
        let disk = DiskReader(size: size, readAt)
        guard let format = Self.format(kind, disk), let values = format.values(disk)
        else { return nil }
        self.init(kind: kind, identity: format.identity, values: values)
    }

    private static func format(_ kind: FileSystemKind, _ disk: DiskReader) -> (any DiskFormat)? {
        switch kind {
        case .ext: Ext(disk)
        case .xfs: XFS(disk)
        case .btrfs: Btrfs(disk)
        case .f2fs: F2FS(disk)
        case .fat: FAT(disk)
        case .exfat: ExFAT(disk)
        case .raidMember: RAIDMember(disk)
        case .physicalVolume: PhysicalVolume(disk)
        }
    }
}
