// SPDX-License-Identifier: GPL-2.0-or-later

/// A processor architecture whose images and page tables are known here.
///
/// All of them are read by every build, so that each can tell another one's image for what it is. A
/// machine is resumed by a build for its own: that one has the code for the way there.
package enum Architecture: Hashable, Sendable, CaseIterable {
    case x86
    case arm64

    /// What this program was built for.
    package static var here: Architecture {
        #if arch(x86_64)
            .x86
        #elseif arch(arm64)
            .arm64
        #else
            #error("kresume knows x86-64 and arm64")
        #endif
    }

    /// As the kernel's people write it.
    package var name: String {
        switch self {
        case .x86: "x86-64"
        case .arm64: "arm64"
        }
    }
}
