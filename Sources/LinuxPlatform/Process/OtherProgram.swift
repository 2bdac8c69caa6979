// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// Another program, which has our terminal until it ends.
package enum OtherProgram {
    /// Signals reach it, although ours may be held back. The corresponding C functions are `posix_spawn` and
    /// `waitpid`.
    ///
    /// - Returns: its exit status; 128 and the signal's number where one ended it.
    package static func run(
        _ path: FilePath, _ arguments: [String]
    ) throws(PlatformError) -> Int32 {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words = ([path.string] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var process: pid_t = 0
        let failure = path.withPlatformString {
            posix_spawn(&process, $0, nil, &attributes, words, environ)
        }
        if failure != 0 { throw .call(.spawn, path: path, Errno(rawValue: failure)) }
        var status: CInt = 0
        try systemCall(.wait, path) { waitpid(process, &status, 0) }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}
