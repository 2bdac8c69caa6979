// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Checksum
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import StoppedKernel
import SwapArea
import SystemPackage
import TestSupport
import Testing
import Transfer

/// How much memory the process that saves takes for a machine with so much, whatever is in it: the
/// real tables, of a memory that is not there.
///
/// Every second page is free, and of the others every second one is zero: no memory is more scattered.
/// A debug build has only the first GiB like that, and the rest in use; the tables are as large.
@Suite struct SaverPeakTests {
    @Test(arguments: [4, 1024] as [UInt64]) func peakIsSmall(gibibytes: UInt64) async {
        let child = await #expect(
            processExitsWith: .success, observing: [\.standardOutputContent]
        ) { [gibibytes] in try requireSmallPeak(gibibytes: gibibytes) }
        tell(child)
    }
}

/// What it has measured is worth knowing, too.
func tell(_ child: ExitTest.Result?) {
    for line in String(decoding: child?.standardOutputContent ?? [], as: UTF8.self)
        .split(separator: "\n") where line.contains(" KiB")
    {
        print(line)
    }
}

struct PeakTooHigh: Error { var message: String }

private func requireSmallPeak(gibibytes: UInt64) throws {
    let machine = try LargeMachine(gibibytes: gibibytes)
    let before = try memoryStatus("VmRSS")
    // The peak is what is used now.
    try SystemFile.write("5", to: "/proc/self/clear_refs")
    let counts = try machine.save()
    let peak = try memoryStatus("VmHWM") - before
    // What was promised: 48 MiB and half a MiB for each GiB.
    let limit = 48 << 20 + gibibytes << 19
    print("\(gibibytes) GiB: \(peak >> 10) KiB, \(counts.runs) runs, \(counts.chunks) chunks")
    if peak > limit {
        throw PeakTooHigh(message: "\(peak >> 20) MiB for \(gibibytes) GiB")
    }
    // And what A sets aside for it.
    let expected = SaverMemory.saving(cpuCount: 16, ram: gibibytes << 30, level: nil)
    if peak > expected { throw PeakTooHigh(message: "\(peak >> 20) of \(expected >> 20) MiB") }
}

func memoryStatus(_ name: String) throws -> UInt64 {
    for line in try SystemFile.text("/proc/self/status").split(separator: "\n")
    where line.hasPrefix("\(name):") {
        if let size = line.split(separator: " ").dropLast().last.flatMap({ UInt64($0) }) {
            return size << 10
        }
    }
    throw PeakTooHigh(message: "no \(name)")
}

private struct LargeMachine {
    let kernel: LargeKernel
    let prepared: PreparedImage
    let areaSize: UInt64

    private static let jumpBackEntry = PhysicalAddress(0x700_1040)

    init(gibibytes: UInt64) throws {
        #if DEBUG
            kernel = LargeKernel(gibibytes: gibibytes, used: 1)
        #else
            kernel = LargeKernel(gibibytes: gibibytes, used: gibibytes)
        #endif
        areaSize = gibibytes << 31
        var page = [UInt8](repeating: 0, count: 4096)
        page.replaceSubrange(4086..., with: "SWAPSPACE2".utf8)
        let ram = MemoryMap([
            .init(
                PhysicalRange(PhysicalAddress(0), PhysicalAddress(gibibytes << 30)), .ram)
        ])
        prepared = try PreparedImage(
            id: ImageID("000102030405060708090a0b0c0d0e0f")!, creationTime: 1,
            signaturePage: SignaturePage(page),
            machine: MachineRecord(
                system: SystemDescription(
                    kernelRelease: "6.12.1", kernelVersion: "#1", machine: "x86_64", hostName: "x"),
                memoryMap: ram, invariants: Invariants([]),
                jump: JumpRecord(
                    jumpBackEntry: nil,
                    saverRegion: FrameRange(PageFrame(0x8000), count: 0x8000),
                    saverLowMemory: FrameRange(PageFrame(1), count: 0x9e), messagePage: nil,
                    pagingDepth: .four)),
            areaSize: areaSize)
    }

    /// What `kresume save` does, without reading and writing.
    func save() throws -> (runs: Int, chunks: UInt64) {
        let shown = kernel.ram.subtracting(prepared.machine.jump.saverMemory)
        var pages = PageKinds(shown.ranges)
        do {
            let free = try FreePages(LargeKernel.info, ram: kernel.ram, read: kernel.read)
            guard free.frames.count == kernel.freePages else {
                throw PeakTooHigh(message: "\(free.frames.count) free pages")
            }
            for range in free.frames.ranges { pages.leaveOut(range) }
        }
        var tables = try SavedTables(pages)
        // So that it is not in memory twice.
        pages = PageKinds([])
        // What ten threads have.
        for _ in 0..<RestoreKernel.threadLimit {
            let packer = try ChunkPacker(.lz4, level: 1)
            let buffers = (0..<2).map { _ in
                UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
            }
            for buffer in buffers { _ = buffer.initializeMemory(as: UInt8.self, repeating: 1) }
            _ = packer.pack(UnsafeRawBufferPointer(buffers[0]), into: buffers[1], Pace())
        }
        var end = prepared.firstFreeOffset
        while let (number, frames) = tables.next() {
            var count = UInt32(frames[0].count)
            // What is whole is data already.
            if frames.count > 1 {
                let runs = tables.take(Self.runs(of: frames), of: frames)
                count = runs.reduce(0) { $0 + ($1.kind == .data ? $1.count : 0) }
                if count == 0 { continue }
            }
            tables.add(
                Chunk(offset: end, size: 4096, firstPage: 0, pageCount: count, checksum: end),
                part: number)
            end += 4096
        }
        let completion = try prepared.completed(
            jumpBackEntry: Self.jumpBackEntry, runs: tables.runs, chunks: tables.chunks,
            dataEnd: end, areaSize: areaSize)
        var written: UInt64 = 0
        completion.forEachWrite { write in
            // As it is done for direct I/O.
            let buffer = AlignedBuffer(count: write.bytes.count)
            buffer.bytes.copyBytes(from: write.bytes)
            written += UInt64(write.bytes.count)
        }
        guard written + end == completion.header.imageSize + 2 * 4096 else {
            throw PeakTooHigh(message: "\(written) bytes of tables")
        }
        return (Int(completion.header.runCount), completion.header.chunkCount)
    }

    /// Where pages are alone, every second one is zero.
    private static func runs(of frames: [FrameRange]) -> [PageRun] {
        frames.map {
            PageRun(
                first: $0.lower, count: UInt32($0.count),
                kind: $0.lower.rawValue & 2 == 0 ? .data : .zero)
        }
    }
}
