// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import SwapArea
import SystemPackage
import Transfer

/// Shows that what is written to an area is what changes in another one, which is said to be beneath. To
/// overwrite something else there would be the worst that could happen.
struct ProvePlace {
    let area: ImageArea
    let beneath: ImageArea
    /// Whether what is beneath is encrypted.
    let isEncrypted: Bool
    let machine: any Machine

    /// How many runs are tried, at most, beside one for each device.
    private static let runLimit = 32

    /// Writes noise over some pages of the area, but not its first one. Throws where that is not seen.
    func run() throws {
        for position in positions { try prove(at: position) }
    }

    /// The second page and the last one, and where the first runs begin.
    private var positions: [UInt64] {
        let pageSize = UInt64(PageFrame.size)
        var positions = [pageSize, area.size - pageSize]
        var start: UInt64 = 0
        let layout = beneath.layout
        // Each device has some, first of all.
        let limit = Self.runLimit + (layout?.deviceCount ?? 0)
        for run in (layout?.runs ?? []).prefix(limit) {
            if start > pageSize { positions.append(start) }
            // Of stripes that take turns the first of each device.
            for column in 1..<max(run.columns.count, 1) {
                positions.append(start + UInt64(column) * run.stripe * pageSize)
            }
            start += run.count * pageSize
        }
        return positions.filter { $0 >= pageSize && $0 < area.size }
    }

    /// The noise itself is beneath. Or, where that is encrypted: the same noise is the same there, other noise is
    /// not, and neither is there in clear. What somebody else writes would not do that.
    private func prove(at position: UInt64) throws {
        let noise = try machine.randomBytes(PageFrame.size)
        let other = noise.map { ~$0 }
        let seen = try [noise, other, noise].map { bytes in
            try write(bytes, at: position)
            return try beneath.readAt(position, PageFrame.size)
        }
        let isProved =
            isEncrypted
            ? seen[0] == seen[2] && seen[0] != seen[1] && seen[0] != noise && seen[1] != other
            : seen == [noise, other, noise]
        guard isProved else {
            throw HibernateError.notBeneath(area.device.path, beneath.device.path)
        }
    }

    private func write(_ bytes: [UInt8], at position: UInt64) throws {
        let buffer = AlignedBuffer(count: bytes.count)
        buffer.bytes.copyBytes(from: bytes)
        try area.write(from: UnsafeRawBufferPointer(buffer.bytes), at: position)
        try area.flush()
    }
}
