// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

@testable import StoppedKernel

extension FuzzTarget {
    /// kexec's list of what it has swapped. An input is: the first entry, and the entries of two
    /// pages, the second as of byte 64; each of 2 bytes, the flags in the low four bits.
    static let backupPages = FuzzTarget(name: "backup-pages", inputLimit: 128) {
        let words: [UInt16] = [
            0x1002, 0x0101, 0x4008, 0x4018, 0x4028, 0x2002,
        ]
        let rest: [UInt16] = [0x0301, 0x4108, 0x3008, 0x0004]
        let bytes = { (words: [UInt16]) in words.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] } }
        return [
            bytes(words) + [UInt8](repeating: 0, count: 52) + bytes(rest),
            bytes([0x1002, 0x0101, 0x4008, 0x4018, 0x4028, 0x0301, 0x4108, 0x3008, 0x0004]),
        ]
    } test: { input in
        var changes = Changes(input)
        let head = entry(changes.integer())
        var lists: [[UInt8]] = []
        for words in [31, 32] {
            let entries = (0..<words).map { _ in entry(changes.integer()) }
            let page = entries.flatMap { entry in
                withUnsafeBytes(of: entry.littleEndian) { Array($0) }
            }
            lists.append(page + [UInt8](repeating: 0, count: 4096 - page.count))
        }
        var readCount = 0
        let backups = try? BackupPages(head: head, of: swapped) { address, _ in
            readCount += 1
            require(readCount < 1000, "a list without an end")
            return switch address.frame.rawValue {
            case 0x100: lists[0]
            case 0x200: lists[1]
            default: nil
            }
        }
        guard let backups else { return }
        let all = backups.backups(of: swapped)
        require(all.count == swapped.count, "\(all.count) pages for \(swapped.count)")
        for range in swapped.ranges {
            let part = backups.backups(of: FrameSet([range]))
            require(
                part.count == range.count && part.subtracting(all).isEmpty, "\(part) for \(range)")
        }
        require(backups.backups(of: FrameSet()).isEmpty, "backups of nothing")
    }

    private static let swapped = FrameSet([
        FrameRange(PageFrame(0x10), count: 3), FrameRange(PageFrame(0x30), count: 2),
    ])

    private static func entry(_ word: UInt16) -> UInt64 {
        UInt64(word >> 4) << 12 | UInt64(word & 15)
    }
}
