// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// Whether it matters to the running kernel what is in its free pages. If so they must be in the
/// image: after the resume it would miss the zeroes or the pattern that it had put there.
enum FreePageContents {
    /// Static keys that say that it matters (mm/page_alloc.c in Linux 6.1, mm/mm_init.c and
    /// mm/debug_page_alloc.c in 6.12; mm/page_poison.c in both). The first is in every kernel.
    private static let keys = [
        "init_on_free", "_page_poisoning_enabled", "_debug_pagealloc_enabled",
    ]
    /// Functions of sanitizers that watch free pages too.
    private static let sanitizers = ["kasan_report", "kmsan_report"]

    /// What ``ask(_:)`` wants to know the addresses of.
    static let symbols = keys + sanitizers

    enum Answer {
        case matter(because: String)
        case doNotMatter
    }

    /// When in doubt, they matter.
    static func ask(_ symbols: [String: UInt64], _ machine: any Machine) -> Answer {
        do {
            guard symbols[keys[0]] != nil else {
                return .matter(because: "the kernel does not tell whether it relies on them")
            }
            if let sanitizer = sanitizers.first(where: { symbols[$0] != nil }) {
                return .matter(because: "the kernel has \(sanitizer)")
            }
            let memory = try RunningKernel(machine)
            for key in keys {
                // `struct static_key` begins with how often it was enabled.
                guard let address = symbols[key] else { continue }
                if try memory.bytes(at: address, count: 4).contains(where: { $0 != 0 }) {
                    return .matter(because: "the kernel relies on them (\(key))")
                }
            }
            return .doNotMatter
        } catch {
            return .matter(because: explanation(of: error))
        }
    }
}
