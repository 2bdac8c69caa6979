// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import PhysicalMemory
import TestSupport
import Testing

@testable import LinuxBoot
@testable import SaverPlan

@Suite struct SaverPlanTests {
    /// Every page of the region belongs to exactly one segment, for any sizes that fit.
    @Test func segmentsTileTheRegion() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var input = try planInput()
            input.initrdSize = .random(in: 0..<60 << 20, using: &random)
            let added = (0..<Int.random(in: 0..<90, using: &random)).map { "option\($0)=value" }
            input.addedOptions = KernelCommandLine(parsing: added.joined(separator: " "))
            input.memory = FrameSet(
                (0..<Int.random(in: 1..<400, using: &random)).map {
                    FrameRange(PageFrame(UInt64($0) * 1000), count: 900)
                })
            let pages = UInt64.random(in: 104 << 8..<180 << 8, using: &random)
            input.region = FrameRange(input.region.lower, count: pages)
            input.panicGuard = Bool.random(using: &random) ? panicGuard() : nil
            let plan = try SaverPlan(input)
            let segments = plan.segments
            var next = input.region.lower
            #expect(segments.first?.frames == input.lowMemory)
            #expect(segments.first?.source == SaverPlan.Segment.Source.none)
            for segment in segments.dropFirst() {
                #expect(segment.frames.lower == next && !segment.frames.isEmpty)
                next = segment.frames.upper
                let size = segment.frames.count * 4096
                switch segment.source {
                case .kernel(let offset, let count):
                    #expect(offset == 2048 && count == 32768 && size >= 19 << 20)
                case .initrd(let count):
                    #expect(count == input.initrdSize && count <= size && count > size - 4096)
                case .guardArchive: #expect(size == input.panicGuard.map { $0.archivePages * 4096 })
                case .bytes(let bytes): #expect(UInt64(bytes.count) == size)
                case .none: Issue.record("a hole in the region")
                }
            }
            #expect(next == input.region.upper)
            let optional = [input.initrdSize == 0, input.panicGuard == nil]
            #expect(segments.count == 5 - optional.count { $0 })
            guard let panicGuard = input.panicGuard else {
                #expect(plan.crashMemory.isEmpty)
                continue
            }
            // Of the kernel's free memory, some is left on both sides.
            let free = FrameRange(segments[1].frames.lower + 19 << 8, segments[1].frames.upper)
            #expect(free.contains(plan.crashMemory))
            #expect(plan.crashMemory.lower.rawValue % (16 << 8) == 0)
            #expect(plan.crashMemory.count >= panicGuard.blockPages + 100)
            #expect(plan.crashMemory.upper.rawValue + 8 << 8 <= free.upper.rawValue)
        }
    }

    @Test func exactlyTheRegionIsEnough() throws {
        var input = try planInput()
        // 19 MiB, the initrd's 733 pages, and five pages of tables.
        let needed: UInt64 = 19 << 8 + 733 + 5
        input.region = FrameRange(input.region.lower, count: needed)
        #expect(throws: Never.self) { try SaverPlan(input) }
        input.region = FrameRange(input.region.lower, count: needed - 1)
        #expect(
            throws: BootProtocolError.doesNotFit(
                needed: needed * 4096, available: (needed - 1) * 4096)
        ) { try SaverPlan(input) }
        input.initrdSize = .max
        #expect(
            throws: BootProtocolError.doesNotFit(needed: .max, available: (needed - 1) * 4096)
        ) { try SaverPlan(input) }
    }

    @Test(arguments: [
        // Misaligned, too low, above 4 GiB, not RAM, empty.
        frames(0x2010_0000, 0x2610_0000), frames(0xe0_0000, 0x600_0000),
        frames(0x1_0000_0000, 0x1_0600_0000), frames(0x2c00_0000, 0x3000_0000),
        frames(0x2000_0000, 0x2000_0000),
    ])
    func badRegion(region: FrameRange) throws {
        var input = try planInput()
        input.region = region
        input.firmwareMap.entries.append(entry(0x1_0000_0000, 0x2_0000_0000))
        #expect(throws: BootProtocolError.regionUnusable(region)) { try SaverPlan(input) }
    }

    @Test(arguments: [
        frames(0x1000, 0x1000), frames(0x1000, 0xa_0000), frames(0x1000_0000, 0x1009_0000),
    ])
    func badLowMemory(range: FrameRange) throws {
        var input = try planInput()
        input.lowMemory = range
        #expect(throws: BootProtocolError.lowMemoryUnusable(range)) { try SaverPlan(input) }
    }

    /// A kernel that may lie anywhere does not get the low memory twice.
    @Test func regionInLowMemory() throws {
        var file = kernelFile()
        file.store(UInt32(4096), at: 0x230)
        file.store(UInt64(0), at: 0x258)
        var input = try planInput()
        input.kernel = try BzImage(parsing: file, fileSize: UInt64(file.count))
        input.region = frames(0x9_e000, 0x9_f000)
        #expect(throws: BootProtocolError.regionUnusable(input.region)) { try SaverPlan(input) }
    }

    struct BadInput: Sendable {
        var error: BootProtocolError
        var change: @Sendable (inout SaverPlan.Input) -> Void

        init(
            _ error: BootProtocolError,
            _ change: @escaping @Sendable (inout SaverPlan.Input) -> Void
        ) {
            self.error = error
            self.change = change
        }
    }

    private static let badInputs = [
        BadInput(.invalidBootParameters(size: 4095)) { $0.bootParameters.removeLast() },
        BadInput(.invalidNote(size: 0)) { $0.vmcoreInfoNote = [] },
        BadInput(.invalidNote(size: 61)) { $0.vmcoreInfoNote.append(0) },
        BadInput(.invalidNote(size: 60)) { $0.vmcoreInfoNote[0] = 0 },
        BadInput(.invalidNote(size: 60)) { $0.vmcoreInfoNote[7] = 0xff },
        BadInput(.invalidPurgatory(size: 64)) { $0.purgatory = Array(repeating: 0, count: 64) },
        BadInput(.initPathTooLong(length: 256, limit: 255)) {
            $0.panicGuard = panicGuard("/" + String(repeating: "i", count: 255))
        },
        BadInput(.invalidPurgatory(size: 4097)) { $0.purgatory = Array(repeating: 0, count: 4097) },
        BadInput(.tooManyMemoryMapEntries(129)) { input in
            for index in 0..<122 as Range<UInt64> {
                let start = 0x1_0000_0000 + index * 0x2000
                input.firmwareMap.entries.append(entry(start + 0x1000, start + 0x2000, .reserved))
            }
        },
        BadInput(.tooManyMemoryRanges(65534)) { input in
            let ranges = (0..<65534 as Range<UInt64>).map { index in
                FrameRange(PageFrame(1 << 20 + index * 2), count: 1)
            }
            input.memory = FrameSet(ranges)
        },
    ]

    @Test(arguments: badInputs)
    func badInput(bad: BadInput) throws {
        var input = try planInput()
        bad.change(&input)
        #expect(throws: bad.error) { try SaverPlan(input) }
    }
}
