// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import SystemPackage

/// The kernel's random number generator.
package enum RandomPool {
    private static let path: FilePath = "/dev/urandom"

    /// As random as this kernel can give them by now: early in a boot that may be little, and this
    /// does not wait for more.
    package static func bytes(count: Int) throws(PlatformError) -> [UInt8] {
        try SystemFile.prefix(path, count: count)
    }

    /// Mixes bytes in, so that all random numbers from now on depend on them as well.
    ///
    /// What is written goes into the input pool, from which the generator takes a new key once a minute
    /// at most, or when it is told to (`write_pool_user`, `random_ioctl`, drivers/char/random.c; 6.12).
    /// Needs CAP_SYS_ADMIN. ENODATA: it has never had enough to begin with.
    package static func stir(_ bytes: [UInt8]) throws(PlatformError) {
        try SystemFile.write(bytes, to: path)
        let file = try OwnedDescriptor(open: path, O_WRONLY)
        try systemCall(.reseed, path) { linux_reseed_random(file.rawValue) }
    }
}
