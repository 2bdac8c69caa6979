// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import Placement
import SaverPlan
import SwapArea
import SystemPackage
import Testing
import Transfer

/// What a restore kernel takes for an image's tables and for the plan, beside its pages, is no more
/// than the saver kernel believes when it lets the machine go off.
@Suite struct RestorePeakTests {
    @Test(arguments: [1, 8] as [UInt64]) func tablesAreWithinTheirBound(runPages: UInt64) async {
        let child = await #expect(
            processExitsWith: .success, observing: [\.standardOutputContent]
        ) { [runPages] in try requireWithinBound(runPages: runPages) }
        tell(child)
    }
}

#if DEBUG
    private let runCount: UInt64 = 150_000
#else
    private let runCount: UInt64 = 4_000_000
#endif

private func requireWithinBound(runPages: UInt64) throws {
    let image = try ScatteredImage(runPages: runPages)
    let before = try memoryStatus("VmRSS")
    // The peak is what is used now.
    try SystemFile.write("5", to: "/proc/self/clear_refs")
    let listPages = try image.plan()
    let peak = try memoryStatus("VmHWM") - before + listPages * 4096
    let bound = RestoreKernel.tables(runs: image.runs, dataPages: image.dataPages)
    print(
        "\(image.runs) runs of \(runPages) pages: \(peak >> 10) KiB with \(listPages) list pages, "
            + "bound \(bound >> 10) KiB")
    // What the process has in any case.
    if peak > bound + 1 << 20 { throw PeakTooHigh(message: "\(peak) of \(bound)") }
}

/// The sections of an image in which data and zeroes take turns, in one half of RAM.
private struct ScatteredImage {
    let runs: UInt64
    let dataPages: UInt64
    private let ram: FrameSet
    private let prepared: PreparedImage
    private let area: [UInt64: [UInt8]]
    private let region = FrameRange(PageFrame(0x8000), count: 0x8000)
    private static let areaSize: UInt64 = 1 << 45

    init(runPages: UInt64) throws {
        let pages = runCount * runPages
        runs = runCount
        dataPages = pages / 2
        let first = PageFrame(0x1_0000)
        ram = FrameSet([region, FrameRange(first, count: 2 * pages)])
        var page = [UInt8](repeating: 0, count: 4096)
        page.replaceSubrange(4086..., with: "SWAPSPACE2".utf8)
        prepared = try PreparedImage(
            id: ImageID("000102030405060708090a0b0c0d0e0f")!, creationTime: 1,
            signaturePage: SignaturePage(page),
            machine: MachineRecord(
                system: SystemDescription(
                    kernelRelease: "6.12.1", kernelVersion: "#1", machine: "x86_64", hostName: "x"),
                memoryMap: MemoryMap(ram.ranges.map { .init($0.physicalRange, .ram) }),
                invariants: Invariants([]),
                jump: JumpRecord(
                    jumpBackEntry: nil, saverRegion: region,
                    saverLowMemory: FrameRange(PageFrame(0), count: 0), messagePage: nil,
                    pagingDepth: .four)),
            areaSize: Self.areaSize)
        let runs = (0..<runCount).map {
            PageRun(
                first: first + $0 * runPages, count: UInt32(runPages),
                kind: $0 % 2 == 0 ? .data : .zero)
        }
        let start = prepared.firstFreeOffset
        let dataPages = dataPages
        let chunks = stride(from: UInt64(0), to: dataPages, by: 256).map { page in
            Chunk(
                offset: start + page * 4096, size: 4096, firstPage: page,
                pageCount: UInt32(min(256, dataPages - page)), checksum: 0)
        }
        let completion = try prepared.completed(
            jumpBackEntry: first.address, runs: runs, chunks: chunks,
            dataEnd: start + dataPages * 4096, areaSize: Self.areaSize)
        var area: [UInt64: [UInt8]] = [0: completion.signature.bytes]
        for write in prepared.writes { area[write.offset] = write.bytes }
        completion.forEachWrite { area[$0.offset] = $0.bytes }
        self.area = area
    }

    /// What `kresume resume` does with them, and how many pages its list takes.
    func plan() throws -> UInt64 {
        let read = try HibernationImage.read(areaSize: Self.areaSize) { offset, count in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count)
            while bytes.count < count {
                guard let more = area[offset + UInt64(bytes.count)] else { return bytes }
                bytes += more
            }
            return bytes
        }
        guard let image = read else { throw PeakTooHigh(message: "no image") }
        let frames = { (kind: PageRun.Kind) in
            image.runs.compactMap { $0.kind == kind ? $0.frames : nil }
        }
        let destinations = try DestinationMap(
            data: frames(.data), zero: frames(.zero), ram: ram, free: FrameSet([region]))
        // Of all of RAM every second 16 pages.
        var owned: [IndexedRun] = []
        let last = ram.ranges[ram.ranges.count - 1]
        for frame in stride(from: last.lower.rawValue, to: last.upper.rawValue - 16, by: 32)
        where UInt64(owned.count) * 16 < dataPages + dataPages / 8 {
            owned.append(
                IndexedRun(
                    FrameRange(PageFrame(frame), count: 16), firstIndex: owned.count * 16))
        }
        let placement = try Placement(
            destinations, owned: owned, tables: IdentityMap(mapping: ram),
            handoffLimit: PageFrame(1 << 20))
        return withExtendedLifetime(image) { placement.list.pageCount }
    }
}
