// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc

/// How many files this process may have open.
enum DescriptorLimit {
    /// Makes it as many, or as many as it may have made.
    ///
    /// - Returns: how many these are now. The corresponding C functions are `getrlimit` and `setrlimit`.
    static func raise(to count: Int) -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 0 }
        var raised = limit
        raised.rlim_cur = min(max(limit.rlim_cur, rlim_t(count)), limit.rlim_max)
        if setrlimit(resource, &raised) == 0 { limit = raised }
        return Int(clamping: limit.rlim_cur)
    }
}
