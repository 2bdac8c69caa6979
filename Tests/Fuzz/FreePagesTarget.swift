// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import ELFCore
import PhysicalMemory

@testable import StoppedKernel

extension FuzzTarget {
    /// A stopped kernel's memory, in which its free pages are looked for. An input is: which kernel
    /// (1 byte), changes of the pages that are read, and behind a line feed what VMCOREINFO says
    /// besides.
    static let freePages = FuzzTarget(name: "free-pages", inputLimit: 256) {
        [
            [0], [1], [2], [3],
            [0] + Change.put(UInt64(3), in: 4, at: 40), [1] + Array("\nSIZE(page)=128\n".utf8),
            [1] + Array("\nNUMBER(SECTION_SIZE_BITS)=22\nLENGTH(node_data)=3".utf8),
        ]
    } test: { input in
        guard let first = input.first else { return }
        let rest = input.dropFirst()
        let textStart = rest.firstIndex(of: 0x0a) ?? rest.endIndex
        let stopped = StoppedMachine.all[Int(first) % StoppedMachine.all.count]
        let info = VMCoreInfo(parsing: stopped.text + rest[textStart...])
        var pages = stopped.pages(changedBy: Array(rest[..<textStart]))
        var readCount = 0
        let read = { (address: PhysicalAddress, count: Int) -> [UInt8]? in
            readCount += 1
            require(count > 0 && count <= 1 << 30, "\(count) bytes are read")
            let inside = Int(address.rawValue & 4095)
            guard inside + count <= 4096, let page = pages[address.frame] else {
                return stopped.kernel.read(address, count)
            }
            return Array(page[inside..<inside + count])
        }
        let view = {
            (address: PhysicalAddress, count: Int, body: (UnsafeRawBufferPointer) -> Void) in
            guard let bytes = read(address, count) else { return false }
            bytes.withUnsafeBytes(body)
            return true
        }
        for _ in 0..<2 {
            do throws(FreePageError) {
                check(
                    try FreePages(info, ram: stopped.ram, read: read, view: view), of: stopped.ram)
            } catch {
                // The sum is to agree, as a checksum would be made to.
                guard case .otherCount(let found, let counted) = error else { break }
                stopped.add(found &- counted, to: &pages)
            }
        }
        _ = try? FreePages.footprint(info, ram: stopped.ram, read: read)
        require(readCount < 100_000, "\(readCount) reads")
    }

    private static func check(_ free: FreePages, of ram: FrameSet) {
        let frames = FrameSet(free.frames.ranges)
        require(frames.subtracting(ram).isEmpty, "free pages outside RAM")
        require(free.unknown.subtracting(ram).isEmpty, "unknown pages outside RAM")
        require(frames.intersection(free.unknown).isEmpty, "free and unknown")
    }
}

/// A kernel that has stopped, some of whose RAM is looked at, and the pages that are read for it.
private struct StoppedMachine: @unchecked Sendable {
    /// Not changed any more.
    let kernel: StoppedKernel
    let text: [UInt8]
    /// In two sections.
    let ram = FrameSet([
        FrameRange(PageFrame(1), count: 127), FrameRange(PageFrame(0x8000), count: 64),
    ])
    private let frames: [PageFrame]
    private let counterPlace: (frame: PageFrame, offset: Int)

    /// With few nodes: looking at a thousand takes its time.
    static let all = [VMCoreInfo.recordedBy61, VMCoreInfo.recordedBy612].flatMap { text in
        ["\n", "\nNUMBER(pgtable_l5_enabled)=1\n"].map {
            StoppedMachine(text + $0 + "LENGTH(node_data)=4\n")
        }
    }

    private init(_ text: String) {
        self.text = Array(text.utf8)
        let info = VMCoreInfo(parsing: self.text)
        kernel = StoppedKernel(info)
        counterPlace = kernel.counterPlace(zone: 1, order: 0)
        kernel.free(PageFrame(2), order: 1, zone: 0)
        kernel.free(PageFrame(0x40), order: 5)
        kernel.free(PageFrame(0x8000), order: 3, zone: 2)
        let footprint = try? FreePages.footprint(info, ram: ram, read: kernel.read)
        guard let footprint else { fatalError("a stopped kernel that cannot be read") }
        frames = footprint.ranges.flatMap { range in
            (range.lower.rawValue..<range.upper.rawValue).map { PageFrame($0) }
        }
    }

    /// Counts more free blocks of one page.
    func add(_ count: UInt64, to pages: inout [PageFrame: [UInt8]]) {
        let place = counterPlace
        guard var page = pages[place.frame] ?? kernel.read(place.frame.address, 4096),
            let old: UInt64 = page.integer(at: place.offset)
        else { return }
        page.store(old &+ count, at: place.offset)
        pages[place.frame] = page
    }

    /// A region of ``Changes`` is a page.
    func pages(changedBy input: [UInt8]) -> [PageFrame: [UInt8]] {
        var changes = Changes(input)
        var pages: [PageFrame: [UInt8]] = [:]
        while let change = changes.next() {
            let frame = frames[change.region % frames.count]
            guard var page = pages[frame] ?? kernel.read(frame.address, 4096) else { continue }
            change.apply(to: &page, in: 0..<4096)
            pages[frame] = page
        }
        return pages
    }
}
