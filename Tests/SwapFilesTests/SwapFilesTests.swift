// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import SwapArea
import SwapFiles
import TestSupport
import Testing

/// In file systems that their own tools make.
@Suite(.enabled(if: getuid() == 0, "files of root's are made"))
struct SwapFilesTests {
    private typealias Member = MadeFileSystem.Member

    /// Those that are swap files, and those that are not.
    private static let found = [
        Member(path: "/swapfile"), Member(path: "/var/Swap/file", signature: "SWAPSPACE2"),
        Member(path: "/a/b/c/file", signature: "LINHIB0001"),
        Member(path: "/a/b/c/swap/1/file", signature: "ULSUSPEND\0"),
    ]
    private static let others = [
        Member(path: "/readable", mode: 0o640), Member(path: "/his", owner: 1000),
        Member(path: "/no-swap", signature: "SWAPSPACE1"), Member(path: "/tiny", kibibytes: 36),
        Member(path: "/a/b/c/d/file"), Member(path: "/tmp/file"), Member(path: "/home/he/file"),
        Member(path: "/a/b/c/swap/1/2/file"),
    ]
    private static let directories = [
        (path: "", mode: 0o755, owner: 0), (path: "/tmp", mode: 0o777, owner: 0),
        (path: "/home/he", mode: 0o755, owner: 1000),
    ]
    /// Enough for a directory of several blocks.
    private static let many =
        (0..<200).map { number in
            Member(
                path: "/usr/a-name-that-takes-some-room-\(number)", mode: 0o644,
                kibibytes: number == 0 ? 40 : 4)
        } + [Member(path: "/usr/the-last-swap-file")]

    private static func made(
        _ kind: MadeFileSystem.Kind, _ command: [String], many: Bool = false
    ) throws -> MadeFileSystem {
        try MadeFileSystem(
            kind, command, found + others + (many ? Self.many : []), directories: directories)
    }

    private static func expectAll(
        in disk: MadeFileSystem, _ type: String, many: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let files = try #require(disk.swapFiles(), sourceLocation: sourceLocation)
        #expect(files.fileSystem == type, sourceLocation: sourceLocation)
        #expect(files.gap == nil, sourceLocation: sourceLocation)
        let expected = found.map(\.path) + (many ? ["/usr/the-last-swap-file"] : [])
        #expect(
            files.files.map(\.path).sorted() == expected.sorted(), sourceLocation: sourceLocation)
        for file in files.files {
            #expect(disk.name(at: file) == file.path, sourceLocation: sourceLocation)
        }
        let kinds = Dictionary(uniqueKeysWithValues: files.files.map { ($0.path, $0.kind) })
        #expect(kinds["/swapfile"] == .swsusp && kinds["/var/Swap/file"] == .swap)
        #expect(kinds["/a/b/c/file"] == .image && kinds["/a/b/c/swap/1/file"] == .uswsusp)
    }

    @Test(arguments: [
        ["-b", "4096"], ["-b", "4096", "-O", "^64bit"],
        ["-b", "4096", "-O", "meta_bg,^resize_inode"],
        // Many groups, of which some have a superblock.
        ["-b", "4096", "-g", "1024", "-O", "^64bit,^flex_bg,meta_bg,^resize_inode"],
        ["-b", "4096", "-g", "1024", "-O", "meta_bg,sparse_super2,^resize_inode"],
        ["-b", "4096", "-O", "^extents,^64bit,^flex_bg"], ["-b", "4096", "-t", "ext2"],
        ["-b", "4096", "-I", "1024"], ["-b", "4096", "-O", "^filetype"],
        ["-b", "16384"],
    ])
    func ext(options: [String]) throws {
        let disk = try Self.made(.ext, ["mkfs.ext4", "-qF", "-N", "4096"] + options, many: true)
        try Self.expectAll(in: disk, "ext4", many: true)
    }

    @Test(arguments: [
        [], ["-i", "size=1024"], ["-n", "size=16384"], ["-b", "size=1024", "-n", "size=4096"],
        ["-m", "crc=0"], ["-m", "crc=0", "-n", "ftype=0"],
    ])
    func xfs(options: [String]) throws {
        let disk = try Self.made(.xfs, ["mkfs.xfs", "-qf"] + options, many: true)
        // Files of 1 KiB blocks begin where they will.
        if options.first == "-b" {
            let files = try #require(disk.swapFiles())
            #expect(files.files.allSatisfy { disk.name(at: $0) == $0.path })
        } else {
            try Self.expectAll(in: disk, "xfs", many: true)
        }
    }

    @Test(arguments: [
        [], ["-m", "single"], ["-n", "4096", "-s", "4096"], ["-M", "-n", "4096"],
        ["-O", "^no-holes", "-n", "65536"],
    ])
    func btrfs(options: [String]) throws {
        let disk = try Self.made(.btrfs, ["mkfs.btrfs", "-qf"] + options, many: true)
        try Self.expectAll(in: disk, "btrfs", many: true)
    }

    /// A directory is made into a subvolume: the uppermost one once more.
    @Test func subvolume() throws {
        let disk = try MadeFileSystem(
            .btrfs, ["mkfs.btrfs", "-qf"],
            [Member(path: "/swap/file"), Member(path: "/volume/empty", kibibytes: 4)])
        // Type and size of the name are before it.
        let places = try disk.places(of: "volume").filter {
            disk.readAt($0 - 3, 3) == [6, 0, 2]
        }
        #expect(places.count >= 2)
        for place in places {
            try disk.write([5, 0, 0, 0, 0, 0, 0, 0, 132], at: place - 30)
        }
        let paths = try #require(disk.swapFiles()).files.map(\.path)
        #expect(paths.first == "/swap/file" && paths.contains("/volume/swap/file"))
        #expect(paths.contains("/volume/volume/swap/file"))
        for file in disk.swapFiles()?.files ?? [] { #expect(disk.name(at: file) == "/swap/file") }
    }

    @Test func btrfsOnSeveralDevices() throws {
        let disk = try MadeFileSystem(
            .btrfs, ["mkfs.btrfs", "-qf"], [Member(path: "/swap/file")])
        try disk.write([2], at: 65536 + 136)
        let files = try #require(disk.swapFiles())
        #expect(files.files.isEmpty)
        guard case .severalDevices? = files.gap else {
            Issue.record("\(files)")
            return
        }
    }

    /// What is usual is found at once; and whoever has no time left gets no more.
    @Test func bounds() throws {
        let disk = try Self.made(.ext, ["mkfs.ext4", "-qF", "-b", "4096"], many: true)
        let first = try MadeFileSystem(
            .ext, ["mkfs.ext4", "-qF", "-b", "4096"], [Member(path: "/swapfile")])
        #expect(first.swapFiles()?.files.count == 1)
        #expect(first.reads <= 8, "\(first.reads)")
        #expect(disk.swapFiles()?.files.count == 5)
        #expect(disk.reads < 100, "\(disk.reads)")
        var looks = 0
        let files = try #require(
            disk.swapFiles {
                looks += 1
                return looks > 8
            })
        guard case .late? = files.gap else {
            Issue.record("\(files)")
            return
        }
        #expect(files.files.count < 5)
        #expect(disk.swapFiles(unless: { true }) == nil)
    }

    @Test func nothing() {
        let (zeroes, unreadable) = (
            { (_: UInt64, count: Int) -> [UInt8]? in [UInt8](repeating: 0, count: count) },
            { (_: UInt64, _: Int) -> [UInt8]? in nil }
        )
        for size: UInt64 in [0, 1024, 1 << 20] {
            for readAt in [zeroes, unreadable] {
                #expect(SwapFiles(size: size, unless: { false }, readAt: readAt) == nil)
            }
        }
    }
}
