// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import Threads

/// Memory of this process whose page frames are known, and stay what they are until the jump.
///
/// A page's place in it is its *slot*. One thread at a time asks for more of it; what is in it, is
/// its owner's business.
package protocol PinnedPages: AnyObject, Sendable {
    /// How many pages are backed, and zero unless written to since.
    var pageCount: Int { get }
    /// Why the kernel does not promise to leave the pages where they are; nil where it does.
    var pinFailure: PlatformError? { get }
    /// The memory of slot `slot` and those after it.
    func address(ofSlot slot: Int) -> UnsafeMutableRawPointer
    /// Backs at least `pages` more pages. Throws ``Cancelled`` soon after `cancellation` says so.
    func grow(byPages pages: Int, unless cancellation: Cancellation) throws
    /// The frames behind the slots from `first` on, in the order of the slots.
    func runs(fromSlot first: Int) throws(PlatformError) -> [IndexedRun]
    /// How many pages have another frame than in `runs`, what ``runs(fromSlot:)`` said before.
    func movedPages(since runs: [IndexedRun]) throws(PlatformError) -> Int
}
