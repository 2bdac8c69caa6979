// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// The one bridge from C's "-1 and errno" to a typed error.
///
/// A call that a signal interrupted is made again.
@discardableResult
func systemCall<Result: SignedInteger>(
    _ operation: PlatformError.Operation, _ path: FilePath? = nil, _ body: () -> Result
) throws(PlatformError) -> Result {
    try systemCall(failure: { .call(operation, path: path, $0) }, body)
}

/// The same for a call whose failure says more than its name.
func systemCall<Result: SignedInteger>(
    failure: (Errno) -> PlatformError, _ body: () -> Result
) throws(PlatformError) -> Result {
    while true {
        let result = body()
        // Read before anything else can call into C.
        let error = errno
        if result != -1 { return result }
        if error != EINTR { throw failure(Errno(rawValue: error)) }
    }
}

/// A file descriptor that is closed when its owner goes.
struct OwnedDescriptor: ~Copyable, Sendable {
    let rawValue: CInt

    /// Always with O_CLOEXEC. The corresponding C function is `open`.
    ///
    /// - Parameter mode: of a file that is made.
    init(open path: FilePath, _ flags: CInt, mode: mode_t = 0) throws(PlatformError) {
        rawValue = try systemCall(.open, path) {
            path.withPlatformString { open($0, flags | O_CLOEXEC, mode) }
        }
    }

    /// A new file for writing. Throws EEXIST where there is something of that name.
    init(create path: FilePath, mode: mode_t) throws(PlatformError) {
        rawValue = try systemCall(.open, path) {
            path.withPlatformString {
                open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            }
        }
    }

    /// The same open file once more. The corresponding C function is `fcntl` (F_DUPFD_CLOEXEC).
    init(sameAs other: borrowing OwnedDescriptor, _ path: FilePath) throws(PlatformError) {
        let number = other.rawValue
        rawValue = try systemCall(.open, path) { fcntl(number, F_DUPFD_CLOEXEC, 0) }
    }

    /// Takes over what a call gave.
    init(adopting descriptor: CInt) { rawValue = descriptor }

    deinit { close(rawValue) }
}

extension stat {
    /// The corresponding C function is `stat`.
    init(_ path: FilePath) throws(PlatformError) {
        var status = stat()
        try systemCall(.stat, path) { path.withPlatformString { stat($0, &status) } }
        self = status
    }

    /// The corresponding C function is `fstat`.
    init(descriptor: borrowing OwnedDescriptor, _ path: FilePath) throws(PlatformError) {
        let number = descriptor.rawValue
        var status = stat()
        try systemCall(.fstat, path) { fstat(number, &status) }
        self = status
    }

    var isBlockDevice: Bool { st_mode & S_IFMT == S_IFBLK }
    var isRegularFile: Bool { st_mode & S_IFMT == S_IFREG }
}
