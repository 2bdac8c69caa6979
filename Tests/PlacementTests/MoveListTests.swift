// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import CHandoff
import PhysicalMemory
import Testing

@testable import Placement

private let below4GiB = PageFrame(1 << 20)

private func frames(_ range: Range<UInt64>) -> FrameRange {
    FrameRange(PageFrame(range.lowerBound), PageFrame(range.upperBound))
}

@Suite struct MoveListTests {
    /// Both sides of the list agree on its layout.
    @Test func isWhatTheAssemblyReads() {
        #expect(Move.serializedSize == MemoryLayout<kresume_handoff_move>.size)
        #expect(MemoryLayout<Move>.size == Move.serializedSize, "there may be millions")
        #expect(MoveList.movesPerPage == Int(LIST_MOVE_LIMIT))
        #expect(kresume_handoff_size() == PageFrame.size)
        let parameters = kresume_handoff_parameters_offset()
        #expect(parameters + MemoryLayout<kresume_handoff>.size < kresume_handoff_size())

        let list = MoveList(
            [
                Move(from: .frames(PageFrame(2)), to: frames(5..<12)),
                Move(from: .byte(0xaa), to: frames(20..<21)),
            ],
            on: [
                .init(run: IndexedRun(frames(0x12_3456..<0x12_3457), firstIndex: 3), fill: 0xaa),
                .init(run: IndexedRun(frames(7..<8), firstIndex: 5), fill: 0),
            ])
        #expect(list.address == PhysicalAddress(0x1_2345_6000))
        let pages = list.pages
        #expect(pages.map(\.index) == [3, 5])
        pages[0].bytes.withUnsafeBytes { bytes in
            let page = bytes.load(as: kresume_handoff_list.self)
            #expect(page.next == 0x7000)
            #expect(page.count == 2)
            #expect(page.fill == 0xaa)
            #expect(page.moves.0.source == 0x2000)
            #expect(page.moves.0.destination == 0x5000)
            #expect(page.moves.0.pages == 7)
            #expect(page.moves.1.source == 0xaa)
            #expect(page.moves.1.destination == 0x14000)
            #expect(page.moves.1.pages == 1)
        }
        #expect(pages[1].bytes == [UInt8](repeating: 0, count: 4096))
    }

    @Test func fullPagesAreChained() {
        let moves = (0..<400).map {
            Move(from: .byte(0), to: FrameRange(PageFrame(1000 + 2 * $0), count: 1))
        }
        #expect(MoveList.pageCount(moves: 0) == 0)
        #expect(MoveList.pageCount(moves: 170) == 1)
        #expect(MoveList.pageCount(moves: 171) == 2)
        let list = MoveList(
            moves,
            on: [
                .init(run: IndexedRun(frames(50..<52), firstIndex: 0), fill: 0),
                .init(run: IndexedRun(frames(9..<10), firstIndex: 2), fill: 0),
            ])
        let headers = list.pages.map { page in
            let bytes = page.bytes
            return [bytes.span.bytes.u64(at: 0), UInt64(bytes.span.bytes.u32(at: 8))]
        }
        #expect(headers == [[51 << 12, 170], [9 << 12, 170], [0, 60]])
    }

    @Test func mayLieBehindTheTables() {
        let tables = IdentityMap(mapping: FrameSet([frames(1..<512)]))
        let move = Move(from: .frames(PageFrame(9)), to: frames(300..<301))
        let count = HandoffBlock.pageCount(tables, moves: 1)
        #expect(count == UInt64(tables.tableCount) + 2)
        let block = HandoffBlock(at: FrameRange(PageFrame(100), count: count), tables, [move])
        #expect(block.listAddress == PageFrame(100 + count - 1).address)
        let bytes = block.bytes(code: [0x90])
        #expect(bytes.count == Int(count) * PageFrame.size)
        let list = Array(bytes.suffix(PageFrame.size))
        let words = stride(from: 0, to: 40, by: 8).map { list.span.bytes.u64(at: $0) }
        #expect(words == [0, 1, 9 << 12, 300 << 12, 1])
    }

    @Test func emptyListHasNoAddress() throws {
        let ram = FrameSet([frames(256..<1000)])
        let destinations = try DestinationMap(
            data: [frames(300..<310)], zero: [], ram: ram, free: ram)
        let placement = try Placement(
            destinations, owned: [IndexedRun(frames(300..<310), firstIndex: 0)],
            tables: IdentityMap(mapping: ram), handoffLimit: below4GiB)
        #expect(placement.list.address == PhysicalAddress(0))
        #expect(placement.list.pageCount == 0)
        #expect(placement.handoff.listAddress == PhysicalAddress(0))
    }

    /// Where nothing else is owned, the list lies in what the image wants filled, whose turn comes
    /// when it was read: first in what is filled in any case. The first spare page stages.
    ///
    /// - Parameter apart: how many other pages must be zero, no two of them together.
    @Test(
        arguments: [
            ([310..<330], 200, [311, 312]),
            ([350..<420], 200, [351, 352]),
            ([310..<330, 350..<420], 200, [351, 352]),
            ([300..<301, 310..<330], 200, [310, 311]),
            ([310..<330, 350..<351, 352..<353], 200, [352, 310]),
            ([350..<351, 352..<353, 354..<355, 449..<450], 200, [352, 354]),
            // A list page in what is poisoned cuts that in two, which is one move more than fits.
            ([350..<351, 352..<353, 354..<355, 449..<450], 166, [352]),
            ([350..<351, 352..<353, 354..<355, 449..<450], 167, [352, 354]),
        ] as [([Range<UInt64>], UInt64, [UInt64])])
    func liesInWhatIsFilledLater(
        spare: [Range<UInt64>], apart count: UInt64, list: [UInt64]
    ) throws {
        let ram = FrameSet([frames(256..<1200)])
        let apart = (0..<count).map { frames(2 * $0 + 501..<2 * $0 + 502) }
        let destinations = try DestinationMap(
            data: [frames(260..<300), frames(500..<501)], zero: [frames(310..<330)] + apart,
            poison: [frames(350..<450)], ram: ram, free: FrameSet([frames(1000..<1100)]))
        var owned: [IndexedRun] = []
        for range in [260..<300] + spare {
            owned.append(IndexedRun(frames(range), firstIndex: Int(owned.pageCount)))
        }
        let placement = try Placement(
            destinations, owned: owned, tables: IdentityMap(mapping: ram),
            handoffLimit: below4GiB)
        let slots = placement.list.pages.map(\.index)
        let places = slots.compactMap { slot in
            owned.first { (0..<Int($0.frames.count)).contains(slot - $0.firstIndex) }
                .map { $0.frames.lower.rawValue + UInt64(slot - $0.firstIndex) }
        }
        #expect(places == list)

        let image = (0..<41).map { 0x1111_0000 + UInt64($0) }
        var memory = SimulatedMemory(placement, owned: owned, frameCount: 1200, image: image)
        let executed = memory.execute(from: placement.handoff.listAddress)
        #expect(executed)
        #expect(Array(memory.pages[260..<300]) == Array(image[0..<40]))
        #expect(memory.pages[500] == image[40])
        #expect(memory.pages[310..<330].allSatisfy { $0 == 0 })
        #expect(memory.pages[350..<450].allSatisfy { $0 == 0xaaaa_aaaa_aaaa_aaaa })
        #expect(apart.allSatisfy { memory.pages[Int($0.lower.rawValue)] == 0 })
    }
}

extension MoveList {
    fileprivate var pages: [(index: Int, bytes: [UInt8])] {
        var pages: [(index: Int, bytes: [UInt8])] = []
        forEachPage { pages.append(($0, $1)) }
        return pages
    }
}
