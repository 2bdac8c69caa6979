// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// Tells which pages of some memory hold but one byte again and again.
package enum PageScan {
    /// - Parameters:
    ///   - memory: whole pages.
    ///   - first: the frame of the first of them.
    /// - Returns: all of them in order, as runs of equal kind.
    package static func runs(_ memory: UnsafeRawBufferPointer, at first: PageFrame) -> [PageRun] {
        var runs: [PageRun] = []
        var frame = first
        for offset in stride(from: 0, to: memory.count, by: PageFrame.size) {
            let kind = kind(
                of: UnsafeRawBufferPointer(rebasing: memory[offset..<(offset + PageFrame.size)]))
            if runs.last?.kind == kind {
                runs[runs.count - 1].count += 1
            } else {
                runs.append(PageRun(first: frame, count: 1, kind: kind))
            }
            frame = frame + 1
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
