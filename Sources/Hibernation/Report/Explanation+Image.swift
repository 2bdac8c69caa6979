// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import KresumeImage
import PhysicalMemory
import Placement

/// Sentences about images. All of them leave the image as it is.

func sentence(_ error: ImageError) -> String {
    switch error {
    case .version(let version):
        "the image has format version \(version), this kresume knows version 1: resume with a "
            + "newer one"
    case .incompatibleFeatures(let bits):
        "the image uses features that this kresume does not know "
            + "(0x\(String(bits, radix: 16))): resume with a newer one"
    case .unknownSection(let kind):
        "the image has a section of kind \(kind.rawValue) that must be understood and is not: "
            + "resume with a newer kresume"
    case .magic(let part, let offset, _):
        "the image is damaged: there is no \(name(part)) at byte \(offset)"
    case .checksum(let part, let offset, _, _):
        "the image is damaged: wrong checksum of the \(name(part)) at byte \(offset)"
    case .wrongState(.consumed):
        "the image has been used: its machine has run since"
    case .wrongState(let state): "the image is not complete: it is \(state.word)"
    case .differentIDs: "the image is damaged: header and state belong to different images"
    case .imageSize(let size, let areaSize):
        "the image needs \(size) bytes, the device has \(areaSize) there: is it truncated?"
    case .truncated(let offset, let needed, let available):
        "the image is damaged: at byte \(offset) it needs \(needed) bytes and has \(available)"
    case .outsideImage(let part, let offset, let size, let imageSize):
        "the image is damaged: the \(name(part)) at byte \(offset), \(size) bytes long, lies outside "
            + "the image's \(imageSize) bytes"
    case .overlap(let offset, _):
        "the image is damaged: two of its parts overlap at byte \(offset)"
    case .runOutsideMemory(let run):
        "the image is damaged: it wants to fill \(run.frames), which is not RAM"
    case .overlappingRun(let run, _):
        "the image is damaged: it wants to fill \(run.first.address) twice"
    case .runInSaverMemory(let run):
        "the image is damaged: it wants to fill \(run.frames), where its saver kernel was"
    default: "the image is damaged: \(error)"
    }
}

private func name(_ part: ImagePart) -> String {
    switch part {
    case .header: "header"
    case .state: "state record"
    case .section(let kind): "section \(name(kind))"
    case .chunk(let index): "chunk \(index)"
    }
}

func name(_ kind: SectionKind) -> String {
    switch kind {
    case .system: "system"
    case .memoryMap: "memory map"
    case .invariants: "invariants"
    case .jump: "jump"
    case .runs: "runs"
    case .chunks: "chunks"
    default: "\(kind.rawValue)"
    }
}

func sentence(_ error: PlacementError) -> String {
    switch error {
    case .outsideRAM(let frames): "the image wants to fill \(frames), which is not RAM here"
    case .twice(let frame): "the image wants to fill \(frame.address) twice"
    case .tooFewPages(let missing):
        "\(mebibytes(missing * UInt64(PageFrame.size))) of memory are missing"
    case .noRoomForHandoff(let pages, let limit):
        "there is no room for the hand-off: \(pages) free pages in a row are needed below "
            + "\(limit.address)"
    }
}
