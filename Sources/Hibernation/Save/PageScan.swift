// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import PhysicalMemory

/// Tells which pages of some memory hold but one byte again and again, and packs the others
/// together.
enum PageScan {
    /// Copies the pages of `memory` that need data to the beginning of `packed`, which is as large
    /// or larger.
    ///
    /// - Returns: for each page of `memory` in order, as runs of equal kind: how many pages, and
    ///   of which kind.
    static func pack(
        _ memory: UnsafeRawBufferPointer, into packed: UnsafeMutableRawBufferPointer
    ) -> [(pageCount: Int, kind: PageRun.Kind)] {
        var runs: [(pageCount: Int, kind: PageRun.Kind)] = []
        var filled = 0
        for offset in stride(from: 0, to: memory.count, by: PageFrame.size) {
            let page = UnsafeRawBufferPointer(
                rebasing: memory[offset..<(offset + PageFrame.size)])
            let kind = kind(of: page)
            if kind == .data {
                UnsafeMutableRawBufferPointer(rebasing: packed[filled...]).copyMemory(from: page)
                filled += PageFrame.size
            }
            if runs.last?.kind == kind {
                runs[runs.count - 1].pageCount += 1
            } else {
                runs.append((1, kind))
            }
        }
        return runs
    }

    /// `page` begins on an 8-byte boundary.
    private static func kind(of page: UnsafeRawBufferPointer) -> PageRun.Kind {
        let first = page.load(as: UInt64.self)
        switch first {
        case 0: return isFilled(page, with: first) ? .zero : .data
        case 0xaaaa_aaaa_aaaa_aaaa: return isFilled(page, with: first) ? .poison : .data
        default: return .data
        }
    }

    private static func isFilled(_ page: UnsafeRawBufferPointer, with word: UInt64) -> Bool {
        var offset = 0
        while offset < PageFrame.size {
            // A cache line at a time: most pages differ in their first.
            var difference: UInt64 = 0
            for index in 0..<8 {
                difference |= page.load(fromByteOffset: offset + index * 8, as: UInt64.self) ^ word
            }
            if difference != 0 { return false }
            offset += 64
        }
        return true
    }
}
