// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import Synchronization
import Testing
import Threads

@testable import Placement
@testable import Transfer

private struct Failure: Error {}

/// `count` pages of the image from `page` on, in as many slots from `slot` on.
private func extent(_ page: Int, _ count: Int, slot: Int) -> Placement.Extent {
    Placement.Extent(firstStreamIndex: page, firstSlot: slot, pageCount: count)
}

/// 200 pages, of which those in `extents` are in place.
private func inPlace(_ extents: Placement.Extent...) throws -> PagesInPlace {
    let first = PageFrame(0x1000)
    let data = FrameRange(first, count: 200)
    let destinations = try DestinationMap(
        data: [data], zero: [], ram: FrameSet([data]), free: FrameSet())
    var places = PagesInPlace(destinations)
    for extent in extents {
        let frames = FrameRange(
            first + UInt64(extent.firstStreamIndex), count: UInt64(extent.pageCount))
        places.add([IndexedRun(frames, firstIndex: extent.firstSlot)])
    }
    return places
}

@Suite struct PagePlacesTests {
    private let memory: PinnedMemory
    private let places = PagePlaces()

    /// Reserved, which does to know addresses.
    init() throws { memory = try PinnedMemory(pageCapacity: 64) }

    private func offsets(_ pages: Range<Int>) throws -> [[Int]] {
        try places.places(of: pages).map { place in
            [
                try #require(place.baseAddress) - memory.address(ofSlot: 0),
                place.count / PageFrame.size,
            ]
        }
    }

    @Test func whatIsKnownNeedNotBeWaitedFor() throws {
        let first = [extent(10, 4, slot: 0), extent(14, 2, slot: 20)]
        places.update(try inPlace(first[0], first[1]), in: memory)
        places.update(try inPlace(first[0], first[1], extent(2, 3, slot: 8)), in: memory)
        #expect(try offsets(11..<16) == [[4096, 3], [20 * 4096, 2]])
        #expect(try offsets(3..<4) == [[9 * 4096, 1]])
        #expect(try places.onePlace(of: 10..<14) != nil)
        #expect(try places.onePlace(of: 13..<15) == nil)
        let known = places.now
        #expect(known.changes == 2)
        let asked = [2..<5, 10..<16, 14..<15, 4..<6, 1..<3, 9..<11, 15..<17, 0..<1, 16..<17]
        var cursor = KnownPlaces.Cursor()
        #expect(
            asked.map { known.firstUnknown(of: $0, &cursor) }
                == [nil, nil, nil, 5, 1, 9, 16, 0, 16])
        #expect(known.firstUnknown(of: 7..<7, &cursor) == nil)
    }

    @Test func theRestIsWaitedFor() throws {
        places.update(try inPlace(extent(0, 2, slot: 0)), in: memory)
        let late = Future { [places] in try places.places(of: 1..<4).count }
        places.complete([extent(0, 2, slot: 0), extent(2, 6, slot: 30)], in: memory)
        #expect(try late.value() == 2)
    }

    @Test func thoseWhoWaitLearnOfAFailure() throws {
        places.update(try inPlace(extent(0, 2, slot: 0)), in: memory)
        let late = Future { [places] in try places.places(of: 1..<4).count }
        places.cancel(Failure())
        #expect(throws: Failure.self) { try late.value() }
        #expect(throws: Failure.self) { try places.waitForNews(after: 2) }
        // What is known stays true.
        #expect(try places.places(of: 0..<2).count == 1)
    }
}

@Suite struct LoadQueueTests {
    private let memory: PinnedMemory
    private let places = PagePlaces()

    init() throws { memory = try PinnedMemory(pageCapacity: 64) }

    /// 0..<4, 4..<8 and so on.
    private static func parts(_ count: Int) -> [Range<Int>] {
        (0..<count).map { $0 * 4..<($0 + 1) * 4 }
    }

    @Test func withoutPlacesAllComeInOrder() throws {
        var given: [Int] = []
        try LoadQueue(Self.parts(5), nil).takeEach { given.append($0) }
        #expect(given == [0, 1, 2, 3, 4])
    }

    /// One that waits for its place does not keep others from being loaded.
    @Test func knownPlacesComeFirst() throws {
        let count = 40
        let queue = LoadQueue(Self.parts(count), places)
        let given = Mutex<[Int]>([])
        let log = Log(given)
        places.update(try inPlace(extent(120, 40, slot: 0)), in: memory)
        let loading = Future { [places] in
            try Parallel.run(12) { _ in
                try queue.takeEach { part in
                    _ = try places.places(of: part * 4..<part * 4 + 4)
                    log.parts.withLock { $0.append(part) }
                    // The last ten are all that can be loaded before.
                    if log.parts.withLock({ $0.count }) == 10 {
                        places.complete([extent(0, 160, slot: 0)], in: memory)
                    }
                }
            }
        }
        try loading.value()
        let parts = log.parts.withLock { $0 }
        #expect(parts.prefix(10).sorted() == Array(30..<40))
        #expect(parts.sorted() == Array(0..<count))
    }

    @Test func afterAnErrorNoMoreIsGiven() throws {
        let queue = LoadQueue(Self.parts(100), nil)
        #expect(throws: Failure.self) { try queue.takeEach { if $0 == 3 { throw Failure() } } }
        try queue.takeEach { Issue.record("part \($0)") }
        places.cancel(Failure())
        let waiting = LoadQueue(Self.parts(100), places)
        #expect(throws: Failure.self) {
            try waiting.takeEach { _ = try places.places(of: Self.parts(100)[$0]) }
        }
    }

    private final class Log: Sendable {
        let parts: Mutex<[Int]>
        init(_ parts: consuming Mutex<[Int]>) { self.parts = parts }
    }
}
