// SPDX-License-Identifier: GPL-2.0-or-later

import Checksum
import PhysicalMemory

extension MemoryMap {
    /// The kernel's checksum of its `e820_table_firmware`: the number of entries and the packed
    /// entries (address, size, type), little endian.
    ///
    /// Source: `compute_e820_crc32`, arch/x86/power/hibernate.c; `struct e820_table`,
    /// arch/x86/include/asm/e820/types.h; Linux 6.12.
    public var e820Checksum: UInt32 {
        var table: [UInt8] = []
        table.reserveCapacity(4 + 20 * entries.count)
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { table.append(contentsOf: $0) }
        }
        append(UInt32(truncatingIfNeeded: entries.count))
        for entry in entries {
            append(entry.range.start.rawValue)
            append(entry.range.size)
            append(entry.type.rawValue)
        }
        return ~CRC32.update(~0, table)
    }
}
