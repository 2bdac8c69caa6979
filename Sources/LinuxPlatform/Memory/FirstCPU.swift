// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import Synchronization

/// The CPU that goes on where a kernel suspends and takes the others down.
///
/// What the page allocator keeps for the others (``PageLists``) they give back; this one does not.
package enum FirstCPU {
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
        let kept = (try? PageLists.pageCount(of: 0)) ?? 0
        let size = min(kept, limit) * AlignedBuffer.alignment
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
}
