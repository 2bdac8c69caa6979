// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// Another program, of which we read what it writes.
final class ProgramOutput {
    private let process: pid_t
    private let output: OwnedDescriptor

    var descriptor: CInt { output.rawValue }

    /// The corresponding C function is `posix_spawn`.
    init(_ program: FilePath, _ arguments: [String]) throws(PlatformError) {
        var ends: [CInt] = [-1, -1]
        try systemCall(.pipe) { pipe(&ends) }
        output = OwnedDescriptor(adopting: ends[0])
        let write = OwnedDescriptor(adopting: ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, write.rawValue, STDOUT_FILENO)
        process = try OtherProgram.start(program, [program.string] + arguments, &actions)
    }

    /// Waits for its end.
    ///
    /// - Parameter isUnwanted: then it is ended.
    /// - Returns: whether it ended well.
    func ended(_ isUnwanted: Bool) -> Bool {
        if isUnwanted { _ = kill(process, SIGTERM) }
        var status: CInt = 0
        while waitpid(process, &status, 0) == -1, errno == EINTR {}
        return status == 0
    }
}
