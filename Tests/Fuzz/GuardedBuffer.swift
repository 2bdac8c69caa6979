// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc

/// Memory with nothing right behind it: what reads or writes past its end dies.
///
/// The libraries in C are not built with the fuzzer's checks.
final class GuardedBuffer {
    private let mapping: UnsafeMutableRawBufferPointer
    /// They end where the unmapped page begins.
    let bytes: UnsafeMutableRawBufferPointer

    init(size: Int) {
        let mapped = (size + 4095) / 4096 * 4096
        let start = mmap(
            nil, mapped + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start, start != MAP_FAILED, mprotect(start + mapped, 4096, PROT_NONE) == 0 else {
            fatalError("no memory for a guarded buffer")
        }
        mapping = UnsafeMutableRawBufferPointer(start: start, count: mapped + 4096)
        bytes = UnsafeMutableRawBufferPointer(start: start + mapped - size, count: size)
    }

    convenience init(_ content: [UInt8]) {
        self.init(size: content.count)
        bytes.copyBytes(from: content)
    }

    var content: UnsafeRawBufferPointer { UnsafeRawBufferPointer(bytes) }

    deinit { munmap(mapping.baseAddress, mapping.count) }
}
