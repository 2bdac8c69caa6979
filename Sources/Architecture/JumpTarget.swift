// SPDX-License-Identifier: GPL-2.0-or-later

/// Where the hand-off leads, and what the processor must look like there.
package enum JumpTarget: Hashable, Sendable {
    case x86(X86JumpTarget)
    case arm64(ARM64JumpTarget)
}
