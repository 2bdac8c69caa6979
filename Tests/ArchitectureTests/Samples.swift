// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory

@testable import Architecture

/// Tables by their frames, and of each the entries that there are.
typealias Tables = [UInt64: [Int: UInt64]]

/// What `RestoreRecord` asks for.
func pages(_ tables: Tables) -> (PageFrame) -> [UInt8]? {
    { frame in tables[frame.rawValue].map(page) }
}

private func page(_ words: [Int: UInt64]) -> [UInt8] {
    var page = [UInt8](repeating: 0, count: PageFrame.size)
    for (index, word) in words { page.store(word, at: 8 * index) }
    return page
}

/// The beginning of an info page as x86-64 writes it.
enum X86Sample {
    static let jumpAddress: UInt64 = 0xffff_ffff_8040_1040
    static let physicalJumpAddress = PhysicalAddress(0x40_1040)
    static let root: UInt64 = 0x20

    static var info: [UInt8] {
        page([
            0: jumpAddress, 1: physicalJumpAddress.rawValue, 2: root << 12,
            3: 0x2345_6789_abcd_ef02, 4: 0x6394_ad44,
        ])
    }

    static func record() throws -> X86RestoreRecord {
        guard case .x86(let record) = try RestoreRecord(parsing: info.span.bytes) else {
            throw NotRecognised()
        }
        return record
    }

    /// The kernel's text, with one page of 2 MiB for the entry.
    static func tables(_ depth: PagingDepth) -> Tables {
        var tables: Tables = [0x21: [510: 0x22063], 0x22: [2: 0x40_01e1]]
        switch depth {
        case .four: tables[root] = [511: 0x21067]
        case .five:
            tables[root] = [511: 0x23067]
            tables[0x23] = [511: 0x21067]
        }
        return tables
    }
}

/// The same as arm64 writes it, as in an image of Debian 12's kernel.
enum ARM64Sample {
    static let version = "#1 SMP Debian 6.1.176-1 (2026-07-02)"
    static let root: UInt64 = 0x41a2
    /// Indices of 48 bits: 256, 0, 64, 16 (of 39 bits: 0, 64, 16) and 0xf90 in the page.
    static let jumpAddress: UInt64 = 0xffff_8000_0801_0f90

    static var info: [UInt8] {
        var info = page([9: root << 12, 10: jumpAddress, 11: 0, 12: 0x1])
        info.store(Array(version.utf8), at: 0)
        return info
    }

    static func record(_ edit: (inout [UInt8]) -> Void = { _ in }) throws -> ARM64RestoreRecord {
        var info = info
        edit(&info)
        guard case .arm64(let record) = try RestoreRecord(parsing: info.span.bytes) else {
            throw NotRecognised()
        }
        return record
    }

    /// The kernel's text in pages of 4 KiB, the first of which is frame 0x4021.
    static let tables: Tables = [
        root: [256: 0x41a_3003], 0x41a3: [0: 0x41a_4003], 0x41a4: [64: 0x41a_5003],
        0x41a5: [16: 0x402_1783, 17: 0x402_2783],
        // bti c, mov x0, x19; bl, mrs x1, mpidr_el1.
        0x4021: [0xf90 / 8: 0xaa13_03e0_d503_245f, 0xf98 / 8: 0xd538_00a1_97ff_fc1b],
        0x4022: [:],
    ]
}

struct NotRecognised: Error {}
