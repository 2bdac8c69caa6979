// SPDX-License-Identifier: GPL-2.0-or-later

/// Where the hand-off leads on x86-64.
package struct X86JumpTarget: Hashable, Sendable {
    /// Under the hand-off's identity map.
    package var entry: UInt64
    /// The hand-off changes CR4.LA57 where the restore kernel's differs.
    package var pagingDepth: PagingDepth
    package var r8: UInt64
    package var r9: UInt64

    package init(
        entry: UInt64, pagingDepth: PagingDepth, r8: UInt64 = 0, r9: UInt64 = 0
    ) {
        self.entry = entry
        self.pagingDepth = pagingDepth
        self.r8 = r8
        self.r9 = r9
    }
}
