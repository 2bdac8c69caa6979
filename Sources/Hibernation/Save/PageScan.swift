// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// Tells which pages of some memory are zero, and packs the others together.
enum PageScan {
    /// Copies the pages of `memory` that are not zero to the beginning of `packed`, which is as
    /// large.
    ///
    /// - Returns: for each page of `memory` in order, as runs of equal kind: how many pages, and
    ///   whether they are zero.
    static func pack(
        _ memory: UnsafeRawBufferPointer, into packed: UnsafeMutableRawBufferPointer
    ) -> [(pageCount: Int, isZero: Bool)] {
        var runs: [(pageCount: Int, isZero: Bool)] = []
        var filled = 0
        for offset in stride(from: 0, to: memory.count, by: PageFrame.size) {
            let page = UnsafeRawBufferPointer(
                rebasing: memory[offset..<(offset + PageFrame.size)])
            let zero = isZero(page)
            if !zero {
                UnsafeMutableRawBufferPointer(rebasing: packed[filled...]).copyMemory(from: page)
                filled += PageFrame.size
            }
            if runs.last?.isZero == zero {
                runs[runs.count - 1].pageCount += 1
            } else {
                runs.append((1, zero))
            }
        }
        return runs
    }

    /// `page` begins on an 8-byte boundary.
    private static func isZero(_ page: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while offset < PageFrame.size {
            // A cache line at a time: most pages differ in their first.
            var sum: UInt64 = 0
            for word in 0..<8 { sum |= page.load(fromByteOffset: offset + word * 8, as: UInt64.self) }
            if sum != 0 { return false }
            offset += 64
        }
        return true
    }
}
