// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum
import PhysicalMemory

extension MemoryMap {
    /// The kernel's checksum of its `e820_table_firmware`: the number of entries and the packed
    /// entries (address, size, type), little endian.
    ///
    /// Source: `compute_e820_crc32`, arch/x86/power/hibernate.c; `struct e820_table`,
    /// arch/x86/include/asm/e820/types.h; Linux 6.12.
    package var e820Checksum: UInt32 {
        var table = ByteWriter(capacity: 4 + 20 * entries.count)
        table.append(UInt32(truncatingIfNeeded: entries.count))
        for entry in entries {
            table.append(entry.range.start.rawValue)
            table.append(entry.range.size)
            table.append(entry.type.rawValue)
        }
        return ~CRC32.update(~0, table.bytes)
    }
}
