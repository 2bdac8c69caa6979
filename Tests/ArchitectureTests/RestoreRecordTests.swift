// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import TestSupport
import Testing

@testable import Architecture

/// Which architecture an info page is of, and what its record says, whatever this program is built for.
@Suite struct RestoreRecordTests {
    static func read(_ info: [UInt8]) -> Result<RestoreRecord, RestoreRecordError> {
        Result { () throws(RestoreRecordError) in try RestoreRecord(parsing: info.span.bytes) }
    }

    @Test func bothAreRecognised() throws {
        let x86 = try Self.read(X86Sample.info).get()
        #expect(x86.architecture == .x86)
        #expect(x86.jumpAddress == X86Sample.jumpAddress)
        #expect(x86.firstFrames == [PageFrame(0x401), PageFrame(0x20)])

        let arm64 = try Self.read(ARM64Sample.info).get()
        #expect(arm64.architecture == .arm64)
        #expect(arm64.jumpAddress == ARM64Sample.jumpAddress)
        #expect(arm64.firstFrames == [PageFrame(ARM64Sample.root)])
        let record = try ARM64Sample.record()
        #expect(record.version == ARM64Sample.version)
        #expect(record.affinity == 1 && record.hypervisorVectors == nil)
    }

    @Test func targets() throws {
        let arm64 = try Self.read(ARM64Sample.info).get()
        #expect(try arm64.pagingLevels(page: pages(ARM64Sample.tables)) == 4)
        #expect(
            try arm64.target(page: pages(ARM64Sample.tables))
                == .arm64(
                    ARM64JumpTarget(
                        entry: ARM64Sample.jumpAddress, tables: PhysicalAddress(0x41a_2000),
                        addressBits: 48, affinity: 1)))
        let x86 = try Self.read(X86Sample.info).get()
        #expect(
            try x86.target(page: pages(X86Sample.tables(.five)))
                == .x86(
                    X86JumpTarget(
                        entry: X86Sample.jumpAddress, pagingDepth: .five,
                        r8: X86Sample.jumpAddress, r9: 0x20000)))
    }

    /// One thing that is wrong with an info page.
    struct Damage: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var offset: Int
        var bytes: [UInt8]
        var complaint: RestoreRecordError

        init(_ name: String, _ value: UInt64, at offset: Int, _ complaint: RestoreRecordError) {
            testDescription = name
            self.offset = offset
            bytes = withUnsafeBytes(of: value.littleEndian) { Array($0) }
            self.complaint = complaint
        }

        init(_ name: String, text: String, at offset: Int = 0) {
            testDescription = name
            self.offset = offset
            bytes = Array(text.utf8)
            complaint = .unknown(magic: 0)
        }
    }

    @Test(
        arguments: [
            Damage("no number", text: "Linux"),
            Damage("no end", text: String(repeating: "#", count: 65)),
            Damage("a line feed", text: "\n", at: 7),
            Damage("no ASCII", text: "é", at: 7),
            Damage("no tables", 0, at: 72, .pageTableRoot(0)),
            Damage("tables between pages", 0x41a_2800, at: 72, .pageTableRoot(0x41a_2800)),
            Damage("tables beyond memory", 1 << 48, at: 72, .pageTableRoot(1 << 48)),
            Damage("a user's address", 0x40_1040, at: 80, .jumpAddress(0x40_1040)),
            Damage(
                "between instructions", 0xffff_8000_0801_0f92, at: 80,
                .jumpAddress(0xffff_8000_0801_0f92)),
            Damage("vectors between", 0x4000_0400, at: 88, .hypervisorVectors(0x4000_0400)),
            Damage("vectors beyond memory", 1 << 48, at: 88, .hypervisorVectors(1 << 48)),
            Damage("bits that are no affinity", 0x8000_0000, at: 96, .affinity(0x8000_0000)),
        ])
    func damageOfARM64(damage: Damage) {
        var info = ARM64Sample.info
        info.store(damage.bytes, at: damage.offset)
        guard case .failure(let error) = Self.read(info) else {
            Issue.record("it is taken")
            return
        }
        if case .unknown = damage.complaint, case .unknown = error { return }
        #expect(error == damage.complaint)
    }

    /// Nothing that is in a page may make the reader trap, and what it takes keeps what it promises.
    @Test func changedAtRandom() {
        var random = SplitMix(state: 7)
        for round in 0..<4000 {
            var info = round % 2 == 0 ? ARM64Sample.info : X86Sample.info
            for _ in 0..<(1 + Int(random.next() % 4)) {
                info[Int(random.next() % 104)] = UInt8(truncatingIfNeeded: random.next())
            }
            guard case .success(let record) = Self.read(info) else { continue }
            #expect(record.firstFrames.allSatisfy { $0 < .limit })
            #expect(record.jumpAddress >= 0xfff0_0000_0000_0000)
            if case .arm64(let record) = record {
                #expect(record.affinity & ~ARM64RestoreRecord.affinityMask == 0)
            }
            _ = try? record.target(page: pages(ARM64Sample.tables))
        }
    }
}
