// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// Starts other programs.
package enum OtherProgram {
    /// Lets one have our terminal until it ends. Signals reach it, although ours may be held back. The
    /// corresponding C functions are `posix_spawn` and `waitpid`.
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
        let process = try start(path, [path.string] + arguments, nil, &attributes)
        var status: CInt = 0
        try systemCall(.wait, path) { waitpid(process, &status, 0) }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    /// - Parameter words: what it is called, and its arguments.
    static func start(
        _ path: FilePath, _ words: [String],
        _ actions: UnsafePointer<posix_spawn_file_actions_t>?,
        _ attributes: UnsafePointer<posix_spawnattr_t>? = nil
    ) throws(PlatformError) -> pid_t {
        let copies = words.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        var process: pid_t = 0
        let failure = path.withPlatformString {
            posix_spawn(&process, $0, actions, attributes, copies + [nil], environ)
        }
        if failure != 0 { throw .call(.spawn, path: path, Errno(rawValue: failure)) }
        return process
    }
}
