// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import Synchronization
import SystemPackage

/// The CPU that goes on where a kernel suspends and takes the others down.
///
/// The page allocator keeps free pages for each CPU's next allocations (struct per_cpu_pages,
/// mm/page_alloc.c, Linux 6.12). A CPU that is taken down gives them back; this one does not, and
/// nobody can tell them from pages in use.
package enum FirstCPU {
    private static let file: FilePath = "/proc/zoneinfo"
    /// In pages; no more than 256 MiB is worth the time.
    private static let limit = 1 << 16

    /// Where the thread that left that CPU might run before.
    private static let before = Mutex<[UInt8]?>(nil)

    /// Uses up what is kept for that CPU while `body` runs on it, and gives it back on another one,
    /// if there is one. What `body` has the kernel allocate comes out of these pages too.
    ///
    /// This thread stays away from that CPU until ``allowAgain()``: what it gives back there would
    /// be kept again.
    package static func usingUpItsPages<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var cpus = [UInt8](repeating: 0, count: Int(LINUX_CPU_BYTES))
        // Whatever of this fails costs no more than some room on a disk.
        guard linux_get_cpus(&cpus) == 0, linux_run_on_first_cpu() == 0 else { return try body() }
        before.withLock { $0 = $0 ?? cpus }
        let size = ((try? keptPages()) ?? 0) * AlignedBuffer.alignment
        let pages = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        if let pages, pages != MAP_FAILED {
            // Huge pages would come from elsewhere.
            madvise(pages, size, MADV_NOHUGEPAGE)
            for offset in stride(from: 0, to: size, by: AlignedBuffer.alignment) {
                pages.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self)
            }
        }
        defer {
            _ = linux_run_on_other_cpus()
            if let pages, pages != MAP_FAILED { munmap(pages, size) }
        }
        return try body()
    }

    /// Lets this thread run where it might before.
    package static func allowAgain() {
        before.withLock { cpus in
            if let set = cpus { _ = linux_set_cpus(set) }
            cpus = nil
        }
    }

    private static func keptPages() throws(PlatformError) -> Int {
        min(keptPages(zoneinfo: try SystemFile.text(file)), limit)
    }

    /// Source: `zoneinfo_show_print`, mm/vmstat.c, Linux 6.12: in each zone, for each CPU, a line
    /// `cpu: N` and behind it a line `count: PAGES`.
    static func keptPages(zoneinfo text: String) -> Int {
        var sum = 0
        var isFirst = false
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count == 2 else { continue }
            if fields[0] == "cpu:" { isFirst = fields[1] == "0" }
            if isFirst, fields[0] == "count:" { sum += Int(UInt16(fields[1]) ?? 0) }
        }
        return sum
    }
}
