// SPDX-License-Identifier: GPL-2.0-or-later

import SwapArea
import SwsuspImage

/// Sentences about images of the kernel's own hibernation.
func sentence(_ error: SwsuspError) -> String {
    switch error {
    case .unknownFlags(let flags):
        "the image was written by a newer kernel: its flags 0x\(String(flags, radix: 16)) "
            + "are not known"
    case .contradictoryFlags(let flags):
        "the image is damaged: its flags 0x\(String(flags, radix: 16)) contradict each other"
    case .restoreMagic: "the image is not of a 64-bit x86 kernel"
    case .checksum(let expected, let found):
        "the image is damaged: its checksum is 0x\(String(found, radix: 16)), it should be "
            + "0x\(String(expected, radix: 16))"
    case .truncated(let offset, _, _), .entryAfterEnd(let offset):
        "the image is damaged at byte \(offset) of the device"
    case .pageOutsideArea(let page, let limit, _):
        "the image is damaged or the device truncated: page \(page.rawValue) of \(limit.rawValue) "
            + "is wanted"
    case .mapLoop(let page), .duplicatePage(let page):
        "the image is damaged: page \(page.rawValue) of the device is in it twice"
    case .frameBeyondLimit(let index, _), .frameOrder(let index, _, _),
        .duplicateFrame(let index, _), .listEndsEarly(let index):
        "the image is damaged: its list of page frames is wrong at entry \(index)"
    case .block(let index, _), .blockLength(let index, _, _), .blockBeyondEnd(let index):
        "the image is damaged: block \(index) cannot be unpacked"
    case .entryMapping:
        "the image is damaged: its own page tables do not lead to where its kernel is entered"
    default: "the image is damaged: \(error)"
    }
}
