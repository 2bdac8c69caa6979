// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux

/// Memory of this process.
package enum Heap {
    /// From now on, large pieces that are let go are the kernel's again at once. By itself glibc keeps what
    /// is like the largest piece that was ever let go, up to tens of MiB: in A that would be saved as part
    /// of its memory, and in B there is little. The corresponding C function is `mallopt`.
    package static func returnLargePieces() { linux_return_large_pieces() }
}
