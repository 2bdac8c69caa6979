// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory

/// The memory in which an image's pages wait, with all that keeps its frames what they are, from
/// before the first of them is asked for until the jump.
final class ImageMemory: Sendable {
    private let quiet: QuietMemory
    let pinned: PinnedMemory

    /// Pins `pages` pages.
    ///
    /// - Parameters:
    ///   - pages: as an image says that has not been checked yet.
    ///   - reserve: in bytes, what must be left to this kernel.
    init(pages: UInt64, reserve: UInt64) throws {
        guard pages < PageFrame.limit.rawValue else {
            throw ResumeError.notEnoughMemory(
                needed: .max, available: try MemoryInfo.current().available)
        }
        quiet = try QuietMemory()
        // Room to grow, where the pages that there are do not serve.
        pinned = try PinnedMemory(pageCapacity: 2 * Int(pages) + (512 << 20) / PageFrame.size)
        try grow(by: pages, reserve: reserve)
    }

    var size: UInt64 { UInt64(pinned.pageCount) * UInt64(PageFrame.size) }

    /// Pins more pages, if `reserve` bytes are left then.
    func grow(by pages: UInt64, reserve: UInt64) throws {
        let needed = pages * UInt64(PageFrame.size) + reserve
        let available = try MemoryInfo.current().available
        guard needed <= available else {
            throw ResumeError.notEnoughMemory(
                needed: size + needed, available: size + available)
        }
        if pages > 0 { try pinned.grow(byPages: Int(pages)) }
    }
}
