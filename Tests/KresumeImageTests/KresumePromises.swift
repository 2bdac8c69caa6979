// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import TestSupport

@testable import KresumeImage

/// Which of its promises an image breaks that was accepted; also for the fuzzer.
func brokenPromises(of image: HibernationImage, areaSize: UInt64) -> [String] {
    var broken: [String] = []
    func expect(_ isKept: Bool, _ promise: String) { if !isKept { broken.append(promise) } }
    expect(image.runs.dataPageCount == image.header.dataPages, "runs have all data pages")
    let usable = image.memory.subtracting(image.machine.jump.saverMemory)
    let pieces = image.chunks.flatMap { image.runs.frames(ofDataPages: $0.pages) }
    expect(FrameSet(pieces).count == image.header.dataPages, "chunks fill each frame once")
    let described = FrameSet(image.runs.filter { $0.kind != .poison }.map(\.frames))
    expect(
        FrameSet(image.runs.map(\.frames)).subtracting(usable).isEmpty, "runs are in usable RAM")
    expect(
        described.count == image.header.dataPages + image.header.zeroPages,
        "runs have all data and zero pages")
    expect(image.header.imageSize <= areaSize, "the image is in the area")
    let objects =
        image.chunks.map { (offset: $0.offset, size: UInt64($0.size)) }
        + image.header.sections.filter { $0.size > 0 }.map { (offset: $0.offset, size: $0.size) }
    var next: UInt64 = 12288
    for object in objects.sorted(by: { $0.offset < $1.offset }) {
        expect(object.offset >= next, "nothing overlaps: \(object)")
        next = object.offset + object.size
        expect(next <= image.header.imageSize, "all lies in the image: \(object)")
    }
    if let entry = image.machine.jump.jumpBackEntry {
        expect(FrameSet(pieces).contains(entry.frame), "the entry is among the data")
    } else {
        broken.append("there is an entry")
    }
    return broken
}
