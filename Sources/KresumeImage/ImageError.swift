// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Explanation
import PhysicalMemory
import SwapArea

/// A cursor over bytes of an image.
typealias ImageReader = ByteReader<ImageError>

/// A part of an image that can be damaged by itself.
package enum ImagePart: Hashable, Sendable {
    case header
    case state
    case section(SectionKind)
    /// By its index.
    case chunk(Int)
}

/// Why an image cannot be used. Offsets are bytes from the beginning of the image area.
package enum ImageError: ExplainedError, Hashable, TruncationError {
    // The bytes themselves.
    case truncated(offset: UInt64, needed: Int, available: Int)
    case magic(ImagePart, offset: UInt64, found: UInt64)
    case version(UInt32)
    case incompatibleFeatures(unknown: UInt64)
    case headerSize(UInt32)
    case checksum(ImagePart, offset: UInt64, expected: UInt64, found: UInt64)

    // What the image is.
    case unknownState(UInt32)
    case wrongState(found: ImageState)
    case differentIDs(header: ImageID, state: ImageID)
    case unexpectedID(expected: ImageID, found: ImageID)
    /// The area of a prepared image no longer has the signature that it had before.
    case signatureChanged(expected: Signature, found: Signature)

    /// The swap area has pages that are not to be used.
    case badPages(UInt32)

    // Where its parts are.
    case imageSize(UInt64, areaSize: UInt64)
    case tooManySections(UInt64)
    case sectionFlags(SectionKind, UInt32)
    case unknownSection(SectionKind)
    case duplicateSection(SectionKind)
    case missingSection(SectionKind)
    /// One that belongs to a complete image, in a prepared one.
    case unexpectedSection(SectionKind)
    case sectionSize(SectionKind, UInt64, limit: UInt64)
    case misaligned(ImagePart, offset: UInt64)
    case outsideImage(ImagePart, offset: UInt64, size: UInt64, imageSize: UInt64)
    case overlap(offset: UInt64, previousEnd: UInt64)

    // What they say.
    case trailingBytes(SectionKind, offset: UInt64)
    /// Not UTF-8, a control character in it, empty or too long.
    case text(SectionKind, offset: UInt64)
    case emptyMemoryRange(offset: UInt64)
    case frameRange(offset: UInt64, lower: UInt64, upper: UInt64)
    case unsortedInvariant(offset: UInt64)
    case fileSystem(offset: UInt64)
    /// The area's runs of pages are none, or overlap, or the first of them does not hold the image's
    /// first pages and this list.
    case layout
    /// So many of the devices that the area is on are here.
    case devicesMissing(found: Int, of: Int)
    /// Two devices say that they are this one of the area's.
    case deviceTwice(Int)
    /// The area is in so many runs of pages that there is no room to say where they are.
    case tooManyAreaRuns(Int)
    case runKind(offset: UInt64, found: UInt32)
    case pagingLevels(UInt32)

    // Whether they agree.
    case emptyRun(PageRun)
    case runBeyondLimit(PageRun)
    case overlappingRun(PageRun, previous: PageRun)
    case runOutsideMemory(PageRun)
    case runInSaverMemory(PageRun)
    case chunkPages(Int, UInt32)
    case chunkSize(Int, UInt32, pages: UInt32)
    /// Chunk `index` does not hold the pages that follow those of the one before it.
    case chunkOrder(Int, firstPage: UInt64, expected: UInt64)
    case dataPages(header: UInt64, runs: UInt64, chunks: UInt64)
    case zeroPages(header: UInt64, runs: UInt64)
    case chunkCount(header: UInt64, chunks: UInt64)
    case tooManyPages(UInt64)
    case saverRegion(FrameRange)
    case jumpBackEntry(PhysicalAddress)
    case messagePage(PhysicalAddress)

    // Sealed images.
    case cipher(UInt32)
    /// The image's cipher is not one that this CPU can do.
    case cipherUnavailable
    /// Nobody can have the secret half of it.
    case publicKey
    /// The image is sealed to another key than there is.
    case otherKey
    case notAuthentic
    case chunkNotAuthentic(Int, offset: UInt64)

    package var explanation: String {
        switch self {
        case .truncated(let offset, let needed, let available):
            damaged("\(needed) bytes are needed at byte \(offset), and \(available) are there")
        case .magic(let part, let offset, _): damaged("there is no \(part.name) at byte \(offset)")
        case .version(let version):
            "the image has format version \(version), and this kresume knows version "
                + "\(ImageFormat.version): use the kresume that wrote it"
        case .incompatibleFeatures(let bits):
            "the image uses features that this kresume does not know (\(hexadecimal(bits))): use "
                + "the kresume that wrote it"
        case .headerSize(let size): damaged("its header cannot be \(size) bytes long")
        case .checksum(let part, let offset, let expected, let found):
            damaged(
                "the checksum of \(part.nameInSentence) at byte \(offset) is "
                    + "\(hexadecimal(found)), not \(hexadecimal(expected))")

        case .unknownState(let state): damaged("its state is \(state), which has no meaning")
        case .wrongState(.prepared): "the image is incomplete: it was still being written"
        case .wrongState(.ready): "the area already holds a complete image"
        case .wrongState(.resuming): "the area already holds an image that was tried"
        case .wrongState(.consumed):
            "the image has been used: its machine has run since (kresume discard drops the image)"
        case .differentIDs(let header, let state):
            damaged("header and state belong to different images, \(header) and \(state)")
        case .unexpectedID(let expected, let found):
            "the area was prepared for the image \(expected), and now holds \(found)"
        case .signatureChanged(let expected, let found):
            "the area had the signature \(expected) when it was prepared, and now has \(found): "
                + "something else has written to it"
        case .badPages(let count):
            "the swap area has \(count) bad pages: name a device without any"

        case .imageSize(let size, let areaSize):
            size > areaSize
                ? "the image needs \(size) bytes, and the device has \(areaSize) there: is it "
                    + "truncated?"
                : damaged("it cannot be \(size) bytes long")
        case .tooManySections(let count):
            damaged("it has \(count) sections, and at most \(ImageFormat.sectionLimit) are allowed")
        case .sectionFlags(let kind, let flags):
            damaged("the flags of its \(kind.section) make no sense: \(hexadecimal(flags))")
        case .unknownSection(let kind):
            "the image has a section of kind \(kind.rawValue), which must be understood and is "
                + "not: use the kresume that wrote it"
        case .duplicateSection(let kind): damaged("it has its \(kind.section) twice")
        case .missingSection(let kind): damaged("it has no \(kind.section)")
        case .unexpectedSection(let kind):
            damaged("it has a \(kind.section), which does not belong there")
        case .sectionSize(let kind, let size, let limit):
            damaged("its \(kind.section) has \(size) bytes, and at most \(limit) are allowed")
        case .misaligned(let part, let offset):
            damaged("\(part.nameInSentence) is at byte \(offset), not at a multiple of 4096")
        case .outsideImage(let part, let offset, let size, let imageSize):
            damaged(
                "\(part.nameInSentence) at byte \(offset), \(size) bytes long, lies outside the "
                    + "image's \(imageSize) bytes")
        case .overlap(let offset, let previousEnd):
            damaged(
                "the part at byte \(offset) overlaps the one before it, which ends at byte "
                    + "\(previousEnd)")

        case .trailingBytes(let kind, let offset):
            damaged("its \(kind.section) goes on at byte \(offset), where it should end")
        case .text(let kind, let offset):
            damaged("its \(kind.section) has no valid text at byte \(offset)")
        case .emptyMemoryRange(let offset):
            damaged("its memory map has an empty range at byte \(offset)")
        case .frameRange(let offset, let lower, let upper):
            damaged(
                "the range of page frames at byte \(offset) goes from \(hexadecimal(lower)) to "
                    + "\(hexadecimal(upper)), which cannot be")
        case .unsortedInvariant(let offset):
            damaged("its list of hardware is not in order at byte \(offset)")
        case .fileSystem(let offset):
            damaged("what it says of a file system at byte \(offset) makes no sense")
        case .layout: damaged("where it says that it is on its device makes no sense")
        case .devicesMissing(let found, let count):
            "the image is on \(count) devices together, of which only \(found) "
                + "\(found == 1 ? "is" : "are") here"
        case .deviceTwice(let index):
            "two devices here say that they are number \(index + 1) of those that the image is on: one may "
                + "be a copy, and has to be taken away"
        case .tooManyAreaRuns(let count):
            "the swap file is in \(count) pieces, too many to list in front of the image: make it anew "
                + "where there is more free space in one piece"
        case .runKind(let offset, let found):
            damaged("the run of pages at byte \(offset) is of the unknown kind \(found)")
        case .pagingLevels(let levels):
            damaged("its kernel pages with \(levels) levels, not with 4 or 5")

        case .emptyRun(let run): damaged("the run of pages at \(run.first.address) is empty")
        case .runBeyondLimit(let run):
            damaged(
                "it wants to fill \(run.count) pages from page frame \(run.first) on, beyond what "
                    + "an x86-64 machine can have")
        case .overlappingRun(let run, _):
            damaged("it wants to fill \(run.first.address) twice")
        case .runOutsideMemory(let run):
            damaged("it wants to fill \(run.frames), which is not RAM")
        case .runInSaverMemory(let run):
            damaged("it wants to fill \(run.frames), where its saver kernel was")
        case .chunkPages(let index, let pages):
            damaged("chunk \(index) has \(pages) pages, not 1 to \(Chunk.pageLimit)")
        case .chunkSize(let index, let size, let pages):
            damaged("chunk \(index), which has \(pages) pages, cannot be \(size) bytes long")
        case .chunkOrder(let index, let firstPage, let expected):
            damaged("chunk \(index) begins with page \(firstPage), not with page \(expected)")
        case .dataPages(let header, let runs, let chunks):
            damaged(
                "its header counts \(header) pages with data, its runs \(runs), and its chunks "
                    + "\(chunks)")
        case .zeroPages(let header, let runs):
            damaged("its header counts \(header) zero pages, and its runs \(runs)")
        case .chunkCount(let header, let chunks):
            damaged("its header counts \(header) chunks, and it has \(chunks)")
        case .tooManyPages(let count):
            damaged("it counts \(count) pages, and at most \(ImageFormat.pageLimit) are allowed")
        case .saverRegion(let frames):
            damaged("its saver kernel was at \(frames), which is not RAM")
        case .jumpBackEntry(let address):
            damaged("its kernel is to be entered at \(address), for which it has no data")
        case .messagePage(let address):
            damaged("its kernel wants a message at \(address), where it has no page for it")

        case .cipher(let number):
            "the image is encrypted in a way that this kresume does not know (\(number)): use the "
                + "kresume that wrote it"
        case .cipherUnavailable:
            "the image is encrypted by AES, for which this CPU has no instructions: it is another "
                + "machine's, or they are switched off (the firmware's setup, or the hypervisor's)"
        case .publicKey:
            "the key that images are to be sealed with is no key: kresume key create makes a new one"
        case .otherKey:
            "the image is sealed with another key than the one that is here: if the key was changed "
                + "before the hibernation, the initramfs still has the old one; else it is not "
                + "this machine's image"
        case .notAuthentic:
            "the image is not what this machine has written: somebody has made or changed it, or it "
                + "is damaged"
        case .chunkNotAuthentic(let index, let offset):
            "the image is not what this machine has written: chunk \(index) at byte \(offset) is "
                + "damaged, or somebody has changed it"
        }
    }

    private func damaged(_ what: String) -> String { "the image is damaged: \(what)" }
}

extension ImagePart {
    /// Without an article.
    fileprivate var name: String {
        switch self {
        case .header: "header"
        case .state: "state record"
        case .section(let kind): kind.section
        case .chunk(let index): "chunk \(index)"
        }
    }

    /// With the article that it needs.
    fileprivate var nameInSentence: String {
        switch self {
        case .header, .state, .section: "the \(name)"
        case .chunk: name
        }
    }
}

extension SectionKind {
    /// Without an article.
    fileprivate var section: String {
        switch self {
        case .system: "system section"
        case .memoryMap: "memory map section"
        case .invariants: "invariants section"
        case .jump: "jump section"
        case .runs: "runs section"
        case .chunks: "chunks section"
        case .fileSystems: "file systems section"
        case .report: "report section"
        case .seal: "seal section"
        case .layout: "layout section"
        // Any number is a kind: a newer writer has kinds of its own.
        default: "section of kind \(rawValue)"
        }
    }
}

/// Why an image could not be read: it is damaged, or the device is.
package enum ImageReadError<DeviceError: ExplainedError>: ExplainedError {
    case image(ImageError)
    case device(DeviceError)

    package var explanation: String {
        switch self {
        case .image(let error): error.explanation
        case .device(let error): error.explanation
        }
    }
}
