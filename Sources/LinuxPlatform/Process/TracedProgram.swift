// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import SystemPackage

/// Another program, in whose place we may do what its writes ask for. It does not notice.
///
/// Only its first process is looked at, and only `write`. If this process dies in between, that write fails.
/// The corresponding C functions are `ptrace` and `waitpid`.
package enum TracedProgram {
    /// What is done in place of a write; nil, or why it fails.
    package typealias Deed = () -> Errno?

    /// Of what is written, as much as is looked at.
    private static let limit = 64

    /// - Parameter deed: called with the path and the first bytes of each write to a file; nil: it is to be
    ///   made.
    /// - Returns: its exit status; 128 and the signal's number where one ended it.
    package static func run(
        _ path: FilePath, _ arguments: [String],
        replacing deed: (_ file: FilePath, _ bytes: [UInt8]) -> Deed?
    ) throws(PlatformError) -> Int32 {
        let words = ([path.string] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        let process = path.withPlatformString { linux_start_traced($0, words + [nil]) }
        if process < 0 { throw .call(.spawn, path: path, Errno(rawValue: errno)) }
        var isTraced = false
        /// What the write that was skipped returns.
        var result: Int?
        while true {
            var status: CInt = 0
            try systemCall(.wait, path) { waitpid(process, &status, 0) }
            // WIFSTOPPED and its like are macros.
            guard status & 0xff == 0x7f else {
                let signal = status & 0x7f
                return signal == 0 ? (status >> 8) & 0xff : 128 + signal
            }
            var signal = (status >> 8) & 0xff
            if !isTraced {
                // Unseen, its writes would be made.
                guard linux_trace_calls(process) == 0 else {
                    let number = Errno(rawValue: errno)
                    kill(process, SIGKILL)
                    waitpid(process, &status, 0)
                    throw .call(.ptrace, path: path, number)
                }
                isTraced = true
                signal = 0
            } else if signal == SIGTRAP | 0x80 {
                signal = 0
                if let value = result {
                    _ = linux_traced_result(process, value)
                    result = nil
                } else {
                    result = replace(in: process, deed)
                }
            } else if signal == SIGTRAP {
                signal = 0
            }
            try systemCall(.ptrace, path) { linux_trace_on(process, signal) }
        }
    }

    /// - Returns: what a write that it was about to make, and does not, returns; else nil.
    private static func replace(
        in process: pid_t, _ deed: (FilePath, [UInt8]) -> Deed?
    ) -> Int? {
        var (descriptor, address, count): (CInt, UInt64, UInt64) = (0, 0, 0)
        guard linux_traced_write(process, &descriptor, &address, &count) == 1,
            let link = try? SystemFile.withoutLinks(
                FilePath("/proc/\(process)/fd/\(descriptor)"))
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: min(Int(clamping: count), limit))
        guard linux_traced_bytes(process, address, &bytes, bytes.count) == 0,
            let deed = deed(link, bytes),
            linux_traced_skip(process) == 0
        else { return nil }
        if let number = deed() { return -Int(number.rawValue) }
        return Int(clamping: count)
    }
}
