// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import SwapArea
import TestSupport

@testable import SwsuspImage

/// Which of its promises an image breaks that was accepted; also for the fuzzer.
func brokenPromises(of image: SwsuspImage, on device: TestDevice) -> [String] {
    var broken: [String] = []
    func expect(_ isKept: Bool, _ promise: String) { if !isKept { broken.append(promise) } }
    let info = image.info
    var used: Set<UInt64> = [device.headerPage]
    for run in image.map.runs {
        for page in run.first.rawValue..<run.end.rawValue {
            expect(
                used.insert(page).inserted && page < device.devicePages, "page \(page) used once")
        }
    }
    var next = PageFrame(0)
    for run in image.runs {
        expect(
            run.count > 0 && next <= run.first && run.frames.upper <= .limit,
            "runs ascend: \(run)")
        next = run.frames.upper
    }
    expect(image.runs.dataPageCount == info.dataPages, "runs have all data pages")
    expect(
        info.pages == 1 + info.listPages + info.dataPages && info.listPages > 0,
        "info page, lists and data are all")
    expect(
        image.dataPages(in: 0..<info.streamPages) == 0..<info.dataPages,
        "the stream has all data pages")
    expect(
        [.swap, .oldSwap].contains(image.header.originalSignature), "the device was swap before")
    return broken
}
