// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import LinuxBoot
import SaverPlan

extension FuzzTarget {
    /// What says how much memory the saver kernel needs: an initramfs, and the header of a device
    /// that is to be unlocked. An input is either.
    static let initramfs = FuzzTarget(name: "initramfs", inputLimit: 8192) {
        var archive = InitramfsArchive()
        _ = archive.addProgram("init", [1, 2, 3])
        let zstandard: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x68, 0x0a, 0, 0, 7, 1, 2, 3, 4]
        let xz: [UInt8] =
            [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 1, 0x69, 0x22, 0xde, 0x36]
            + [0, 0, 0, 0, 0x1c, 0xdf, 0x44, 0x21, 0x90, 0x42, 0x99, 0x0d, 0, 0, 0, 0, 0, 1, 0x59]
            + Array("ZYZ".utf8)
        var header = [UInt8](repeating: 0, count: 4096)
        header.store(Array("LUKS".utf8) + [0xba, 0xbe, 0, 2], at: 0)
        header.store((16384 as UInt64).byteSwapped, at: 8)
        return [
            archive.bytes(), archive.bytes() + [0, 0, 0, 0] + zstandard, xz,
            [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 99, 0, 0, 0],
            [0x02, 0x21, 0x4c, 0x18, 3, 0, 0, 0, 1, 2, 3, 2, 0, 0, 0, 1, 2],
            header + Array("{\"kdf\":{\"type\":\"argon2id\",\"memory\":1048576}}".utf8),
        ]
    } test: { input in
        let size = InitramfsSize(of: input)
        require(size.unpacked <= UInt64(input.count) * 1300, "\(size.unpacked) bytes")
        var names = ArchiveNames()
        let count = input.withUnsafeBytes {
            names.take($0) { require($0.utf8.count < 3 * 4096, $0) }
        }
        require(0...input.count ~= count, "\(count) bytes of archives")
        require(KeySlots.memory(of: input) <= 4 << 30, "too much memory")
    }
}
