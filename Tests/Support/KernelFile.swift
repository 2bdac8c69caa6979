// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import LinuxBoot

/// A kernel's file with a setup header and nothing that runs: 3 setup sectors, 32 KiB to load.
package func kernelFile() -> [UInt8] {
    var file = [UInt8](repeating: 0, count: 4 * 512 + 32768)
    file.store(UInt8(3), at: 0x1f1)
    file.store(UInt32(32768 / 16), at: 0x1f4)
    file.store(UInt16(0xaa55), at: 0x1fe)
    file.store([0xeb, 0x6a], at: 0x200)
    file.store(Array("HdrS".utf8), at: 0x202)
    file.store(UInt16(0x20f), at: 0x206)
    file.store(UInt16(0x300), at: 0x20e)
    file.store(UInt8(1), at: 0x211)
    file.store(UInt32(2 << 20), at: 0x230)
    file.store(UInt8(1), at: 0x234)
    file.store(UInt16(0x23), at: 0x236)
    file.store(UInt32(2047), at: 0x238)
    file.store(UInt64(0xbad), at: 0x250)
    file.store(UInt64(16 << 20), at: 0x258)
    file.store(UInt32(19 << 20), at: 0x260)
    file.store(Array("6.12.0-test (nobody) #1\0".utf8), at: 0x500)
    return file
}

package func kernel() throws -> BzImage {
    let file = kernelFile()
    return try BzImage(parsing: file, fileSize: UInt64(file.count))
}
