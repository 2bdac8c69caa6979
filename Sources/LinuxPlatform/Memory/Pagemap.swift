// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import PhysicalMemory
import SystemPackage

/// Which page frames lie behind this process's memory.
///
/// Source: Documentation/admin-guide/mm/pagemap.rst, Linux 6.12. One little-endian u64 for each
/// virtual page; bit 63: present; bits 0-54: the frame number, zero without CAP_SYS_ADMIN.
package struct Pagemap: ~Copyable {
    private static let path: FilePath = "/proc/self/pagemap"
    private let file: OwnedDescriptor

    package init() throws(PlatformError) {
        file = try OwnedDescriptor(open: Self.path, O_RDONLY)
    }

    /// Calls `body` with the frame of each of `pageCount` pages from `start` on, and the page's
    /// number counted from there. Throws ``PlatformError/frameUnknown`` where the kernel does not
    /// tell, and ``PlatformError/pageAbsent`` where a page has none.
    package func forEachFrame(
        of start: UnsafeRawPointer, pageCount: Int,
        _ body: (_ page: Int, PageFrame) throws(PlatformError) -> Void
    ) throws(PlatformError) {
        let descriptor = file.rawValue
        let firstEntry = Int(bitPattern: start) / PageFrame.size
        let batch = 64 << 10
        var entries = [UInt64](repeating: 0, count: min(batch, pageCount))
        var page = 0
        while page < pageCount {
            let count = min(batch, pageCount - page)
            let offset = (firstEntry + page) * 8
            let got = try systemCall(.pread, Self.path) {
                pread(descriptor, &entries, count * 8, offset)
            }
            guard got >= 8 else { throw .frameUnknown }
            for index in 0..<(got / 8) {
                let entry = UInt64(littleEndian: entries[index])
                let frame = PageFrame(entry & ((1 << 55) - 1))
                guard entry >> 63 == 1 else { throw .pageAbsent }
                guard frame.rawValue != 0 else { throw .frameUnknown }
                try body(page + index, frame)
            }
            page += got / 8
        }
    }

    /// The frame behind one page.
    package func frame(of page: UnsafeRawPointer) throws(PlatformError) -> PageFrame {
        var result = PageFrame(0)
        try forEachFrame(of: page, pageCount: 1) { _, frame in result = frame }
        return result
    }
}
