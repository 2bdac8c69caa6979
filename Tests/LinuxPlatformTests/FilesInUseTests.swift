// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import LinuxPlatform

/// Files that processes have in use, in a made-up /proc whose links lead to real ones.
@Suite struct FilesInUseTests {
    private static let mountinfo = """
        30 1 8:2 / / rw - ext4 /dev/sda2 rw
        31 30 0:40 / /home rw - btrfs /dev/sda3 rw
        32 30 0:50 / /net rw - nfs4 server:/ rw
        33 30 0:60 / /tmp rw - tmpfs tmpfs rw

        """

    /// What maps says of one, behind its addresses.
    private static let maps = """
        00400000-00452000 r--p 00000000 08:02 10       /usr/bin/program
        00452000-00500000 r-xp 00052000 08:02 10       /usr/bin/program
        7f0000000000-7f0000001000 r--s 00000000 00:28 11       /home/two words
        7f0000002000-7f0000003000 r-xp 00000000 00:32 12       /net/library
        7f0000004000-7f0000005000 rw-s 00000000 00:3c 13       /tmp/memory (deleted)
        7f0000006000-7f0000007000 rw-p 00000000 00:00 0        [heap]
        7f0000008000-7f0000009000 r--s 00000000 00:28 14       /home/gone
        7f000000a000-7f000000b000

        """

    private func tree(_ maps: String = Self.maps) throws -> TemporaryTree {
        var files = ["self/maps": maps]
        for process in ["10", "20"] {
            files[process + "/maps"] = maps
            files[process + "/mountinfo"] = Self.mountinfo
        }
        for name in ["program", "library", "words", "memory", "journal", "remote"] {
            files["files/" + name] = name
        }
        files["files/empty"] = ""
        for (number, mount) in [(0, 30), (1, 32), (2, 31), (3, 30), (4, 30), (5, 30), (6, 31)] {
            files["10/fdinfo/\(number)"] = "pos:\t0\nflags:\t02\nmnt_id:\t\(mount)\nino:\t7\n"
        }
        let tree = try TemporaryTree(files)
        let links = [
            ("10/map_files/400000-452000", "program"), ("20/map_files/400000-452000", "program"),
            ("10/map_files/7f0000000000-7f0000001000", "words"),
            ("10/map_files/7f0000002000-7f0000003000", "library"),
            ("10/map_files/7f0000004000-7f0000005000", "memory"), ("10/fd/0", "journal"),
            ("10/fd/1", "remote"), ("10/fd/2", "program"), ("10/fd/4", "empty"),
            ("10/fd/5", "pipe"), ("10/fd/6", ""),
        ]
        for (link, name) in links {
            let path = tree.root.appending(link)
            try tree.write([], to: path.removingLastComponent().string.dropPrefix(tree.root) + "/")
            try FileManager.default.createSymbolicLink(
                atPath: path.string,
                withDestinationPath: tree.root.appending("files").appending(name).string)
        }
        // It would wait for somebody to write, if it were opened.
        #expect(mkfifo(tree.root.appending("files/pipe").string, 0o600) == 0)
        try FileManager.default.createSymbolicLink(
            atPath: tree.root.appending("10/fd/3").string, withDestinationPath: "socket:[77]")
        return tree
    }

    private func found(
        _ tree: borrowing TemporaryTree, limit: Int = 100, unless isUnwanted: () -> Bool = { false }
    ) throws -> [String] {
        try FilesInUse.all(limit: limit, proc: tree.root, unless: isUnwanted).map {
            "\($0.use) \($0.size)"
        }
    }

    /// By the lengths of their names: the program is mapped to be run, too, and open; the others are not on
    /// disks, not regular, empty, or gone.
    @Test func thoseOnDisksAndEachOnce() throws {
        #expect(try found(tree()) == ["program 7", "mapped 5", "open 7"])
    }

    @Test func itEndsEarly() throws {
        #expect(try found(tree(), limit: 2) == ["program 7", "mapped 5"])
        #expect(try found(tree(), unless: { true }) == [])
        var looks = 0
        let some = try found(tree()) {
            looks += 1
            return looks > 3
        }
        #expect(some == ["program 7"])
    }

    /// In another one 8:2 may be something else.
    @Test func eachProcessHasItsMounts() throws {
        let tree = try tree()
        try tree.write(Array("30 1 8:2 / / rw - fuseblk /dev/sda2 rw\n".utf8), to: "10/mountinfo")
        #expect(try found(tree) == ["program 7"])
    }

    /// Of those that have the same, they are read of the first.
    @Test func orTheSameAsOthers() throws {
        let tree = try tree()
        for process in ["10", "20"] {
            try tree.write([], to: process + "/ns/")
            try FileManager.default.createSymbolicLink(
                atPath: tree.root.appending(process + "/ns/mnt").string,
                withDestinationPath: "mnt:[4026531841]")
        }
        try tree.write([], to: "20/mountinfo")
        try tree.write([], to: "10/maps")
        #expect(try found(tree) == ["program 7", "open 7"])
    }

    /// Which pages there are is asked of the kernel, and they are there when it has read them.
    @Test func dropsAndReadsAgain() throws {
        let directory = FileManager.default.currentDirectoryPath + "/.build"
        let path = FilePath(directory + "/cached-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        // More than the kernel reads at once, and a byte.
        let size = 4096 * 4095 + 1
        try Data(repeating: 7, count: size).write(to: URL(filePath: path.string))
        var known: Set<OpenFile.Identity> = []
        let file = try #require(try OpenFile(path, as: .open, unlessIn: &known))
        #expect(try OpenFile(path, as: .open, unlessIn: &known) == nil)
        #expect(file.pages == 0..<4096)
        #expect(try cached(file) == [0..<4096])
        #expect(try file.cachedPages(in: 3..<5, limit: 9, unless: { false }) == [3..<5])
        #expect(try file.cachedPages(in: file.pages, limit: 9, unless: { true }) == [])

        let number = open(path.string, O_RDWR)
        defer { close(number) }
        #expect(fsync(number) == 0)
        // Whoever reads it now would leave a trace.
        #expect(
            futimens(number, [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 9, tv_nsec: 0)])
                == 0)
        #expect(posix_fadvise(number, 0, 0, POSIX_FADV_DONTNEED) == 0)
        #expect(try cached(file) == [])
        // It does not wait for the disk.
        try file.readAhead(2..<5)
        try waitUntilCached([2..<5], of: file)
        try file.readAhead(7..<8)
        try waitUntilCached([2..<5, 7..<8], of: file)
        #expect(try file.cachedPages(in: file.pages, limit: 1, unless: { false }) == [2..<5])
        try file.readAhead(0..<4096)
        try waitUntilCached([0..<4096], of: file)
        #expect(try stat(path).st_atim.tv_sec == 1)
    }

    private func waitUntilCached(_ ranges: [Range<UInt64>], of file: OpenFile) throws {
        let end = ContinuousClock.now + .seconds(60)
        while try cached(file) != ranges {
            try #require(ContinuousClock.now < end)
            sched_yield()
        }
    }

    private func cached(_ file: OpenFile) throws -> [Range<UInt64>] {
        try file.cachedPages(in: file.pages, limit: 9, unless: { false })
    }
}

extension String {
    fileprivate func dropPrefix(_ root: FilePath) -> String {
        String(dropFirst(root.string.count + 1))
    }
}
