// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import PhysicalMemory
import TestSupport
import Testing

@testable import Placement

private func frames(_ range: Range<UInt64>) -> FrameRange {
    FrameRange(PageFrame(range.lowerBound), PageFrame(range.upperBound))
}

private let below4GiB = PageFrame(1 << 20)

extension [Placement.Extent] {
    /// By stream index.
    fileprivate var slotOfPage: [Int: Int] {
        var slots: [Int: Int] = [:]
        for extent in self {
            for offset in 0..<extent.pageCount {
                slots[extent.firstStreamIndex + offset] = extent.firstSlot + offset
            }
        }
        return slots
    }
}

@Suite struct PlacementTests {
    /// The heart of the matter: for any memory, image and pinned frames, the plan, executed, gives
    /// exactly the image.
    @Test(arguments: 0..<300)
    func executingThePlanGivesTheImage(seed: Int) throws {
        var random = SplitMix(state: UInt64(seed))
        let frameCount = Int.random(in: 600...3000, using: &random)
        // Of which the list has several pages where they are short.
        let longestRun = UInt64([2, 9, 90].randomElement(using: &random)!)
        let ram = FrameSet([
            frames(1..<159), frames(256..<UInt64(frameCount) - 200),
            frames(UInt64(frameCount) - 180..<UInt64(frameCount)),
        ])

        // The image: every frame outside a free region is data, zero or left out.
        let regionStart = UInt64.random(in: 256..<UInt64(frameCount) - 330, using: &random)
        let region = frames(regionStart..<regionStart + 100)
        var contents: [PageFrame: UInt64] = [:]
        var data: [FrameRange] = []
        var zero: [FrameRange] = []
        var poison: [FrameRange] = []
        for range in ram.subtracting(region).ranges {
            var lower = range.lower
            while lower < range.upper {
                let upper = min(range.upper, lower + .random(in: 1...longestRun, using: &random))
                switch Int.random(in: 0..<6, using: &random) {
                case 0: break
                case 1, 2: zero.append(FrameRange(lower, upper))
                case 3: poison.append(FrameRange(lower, upper))
                default: data.append(FrameRange(lower, upper))
                }
                lower = upper
            }
        }
        if Bool.random(using: &random) { data.shuffle(using: &random) }
        var image: [UInt64] = []
        for range in data {
            for frame in range.lower.rawValue..<range.upper.rawValue {
                image.append(0x1111_0000 + UInt64(image.count))
                contents[PageFrame(frame)] = image.last
            }
        }
        for (ranges, word) in [(zero, 0), (poison, 0xaaaa_aaaa_aaaa_aaaa)]
            as [([FrameRange], UInt64)]
        {
            for range in ranges {
                for frame in range.lower.rawValue..<range.upper.rawValue {
                    contents[PageFrame(frame)] = word
                }
            }
        }

        // Pinned memory: extents of RAM in any order, grown as long as the planner asks for more.
        var extents: [FrameRange] = []
        for range in ram.ranges {
            var lower = range.lower
            while lower < range.upper {
                let upper = min(range.upper, lower + .random(in: 1...40, using: &random))
                extents.append(FrameRange(lower, upper))
                lower = upper
            }
        }
        extents.shuffle(using: &random)
        let destinations = try DestinationMap(
            data: data, zero: zero, poison: poison, ram: ram, free: FrameSet([region]))
        var owned: [IndexedRun] = []
        var slots = 0
        func own() throws {
            let popped = extents.popLast()
            let extent = try #require(popped)
            owned.append(IndexedRun(extent, firstIndex: slots))
            slots += Int(extent.count)
        }
        while slots < image.count { try own() }
        while true {
            do {
                let placement = try Placement(
                    destinations, owned: owned, tables: IdentityMap(mapping: ram),
                    handoffLimit: below4GiB)
                var memory = SimulatedMemory(
                    placement, owned: owned, frameCount: frameCount, image: image)
                let executed = memory.execute(from: placement.handoff.listAddress)
                #expect(executed)
                let wrong = contents.filter { memory.pages[Int($0.key.rawValue)] != $0.value }
                #expect(wrong.isEmpty)
                #expect(
                    placement.inPlacePageCount + placement.stagedPageCount == UInt64(image.count))
                #expect(placement.extents.reduce(0) { $0 + $1.pageCount } == image.count)
                // What was known before all was pinned, from one run after the other, is part of it.
                var inPlace = PagesInPlace(destinations)
                for run in owned { inPlace.add([run]) }
                let slotOfPage = placement.extents.slotOfPage
                var cursor = PagesInPlace.Cursor()
                var early: [Int: Int] = [:]
                for page in image.indices.shuffled(using: &random) {
                    guard let extent = inPlace.extent(from: page, &cursor) else { continue }
                    #expect(extent.firstStreamIndex == page)
                    for (page, slot) in [extent].slotOfPage {
                        #expect(early[page] == nil || early[page] == slot)
                        early[page] = slot
                    }
                }
                #expect(early.allSatisfy { slotOfPage[$0] == $1 })
                #expect(early.count == Int(placement.inPlacePageCount))
                // All pinned memory is used but for what the hand-off block took of it.
                let used = UInt64(image.count) + placement.list.pageCount
                #expect(UInt64(slots) <= used + placement.handoff.frames.count + 80)
                return
            } catch .tooFewPages {
                try own()
            }
        }
    }

    @Test func ownedFramesThatMustBeZeroAreLeftAlone() throws {
        let ram = FrameSet([frames(256..<1000)])
        let destinations = try DestinationMap(
            data: [frames(256..<260)], zero: [frames(300..<400)], ram: ram, free: ram)
        let placement = try Placement(
            destinations,
            owned: [
                IndexedRun(frames(256..<260), firstIndex: 0),
                IndexedRun(frames(310..<390), firstIndex: 4),
            ],
            tables: IdentityMap(mapping: ram), handoffLimit: below4GiB)
        #expect(placement.stagedPageCount == 0)
        // One of them holds the list until then.
        #expect(placement.zeroFillPageCount == 21)
        #expect(
            placement.list.moves == [
                Move(from: .byte(0), to: frames(300..<310)),
                Move(from: .byte(0), to: frames(390..<400)),
            ])
    }

    @Test func longRunsStayLong() throws {
        let ram = FrameSet([frames(256..<4000)])
        let destinations = try DestinationMap(
            data: [frames(1000..<2000)], zero: [], ram: ram, free: ram)
        let placement = try Placement(
            destinations, owned: [IndexedRun(frames(2000..<3001), firstIndex: 0)],
            tables: IdentityMap(mapping: ram), handoffLimit: below4GiB)
        #expect(
            placement.list.moves == [Move(from: .frames(PageFrame(2000)), to: frames(1000..<2000))])
        #expect(
            placement.extents == [.init(firstStreamIndex: 0, firstSlot: 0, pageCount: 1000)])
    }

    /// The last one: of the list, for which the pages that can take data are too few.
    @Test(
        arguments: [(2000..<2100, 900), (2000..<2999, 1), (2000..<3000, 1)]
            as [(Range<UInt64>, UInt64)])
    func missingMemoryIsCounted(owned: Range<UInt64>, missing: UInt64) throws {
        let ram = FrameSet([frames(256..<4000)])
        let destinations = try DestinationMap(
            data: [frames(1000..<2000)], zero: [], ram: ram, free: ram)
        #expect(throws: PlacementError.tooFewPages(missing: missing)) {
            try Placement(
                destinations, owned: [IndexedRun(frames(owned), firstIndex: 0)],
                tables: IdentityMap(mapping: ram), handoffLimit: below4GiB)
        }
    }

    @Test func noFreeFramesForTheHandoff() throws {
        let ram = FrameSet([frames(256..<512), frames(1 << 20..<1 << 21)])
        let destinations = try DestinationMap(
            data: [frames(256..<510)], zero: [], ram: ram, free: ram)
        let tables = IdentityMap(mapping: ram)
        #expect(
            throws: PlacementError.noRoomForHandoff(
                pages: UInt64(tables.tableCount) + 1, limit: below4GiB)
        ) {
            try Placement(
                destinations, owned: [IndexedRun(frames(256..<510), firstIndex: 0)], tables: tables,
                handoffLimit: below4GiB)
        }
    }

    @Test(arguments: [
        ([frames(300..<310)], [frames(305..<306)], PlacementError.twice(PageFrame(305))),
        ([frames(300..<310), frames(309..<311)], [], .twice(PageFrame(309))),
        ([], [frames(300..<310), frames(300..<301)], .twice(PageFrame(300))),
        ([frames(250..<310)], [], .outsideRAM(frames(250..<256))),
        ([], [frames(990..<1010)], .outsideRAM(frames(1000..<1010))),
        // No page has such a number, and of three times as many as there can be some come twice.
        ([frames((1 << 40) - 2..<(1 << 40) + 5)], [], .outsideRAM(frames(1 << 40..<(1 << 40) + 5))),
        ([frames(.max - 9..<UInt64.max)], [], .outsideRAM(frames(.max - 9..<UInt64.max))),
        (Array(repeating: frames(2..<1 << 40), count: 9), [], .twice(PageFrame(2))),
    ])
    func badDemands(data: [FrameRange], zero: [FrameRange], error: PlacementError) {
        #expect(throws: error) {
            let ram = FrameSet([frames(256..<1000)])
            _ = try DestinationMap(data: data, zero: zero, ram: ram, free: ram)
        }
    }
}
