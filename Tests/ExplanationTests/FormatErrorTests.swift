// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Compression
import ELFCore
import Explanation
import HibernateLocation
import KeyFiles
import LinuxBoot
import PhysicalMemory
import Placement
import StoppedKernel
import SwapArea
import SwsuspImage
import Testing

@testable import ConfigurationFile
@testable import KresumeImage
@testable import SaverPlan

private let frames = FrameRange(PageFrame(16), count: 2)
private let range = frames.physicalRange
private let run = PageRun(first: PageFrame(16), count: 2, kind: .data)
private let address = PhysicalAddress(0x10000)

@Suite struct FormatErrorTests {
    @Test func image() {
        let ids = (ImageID(low: 1, high: 2), ImageID(low: 3, high: 4))
        expectSentences { (error: ImageError?) in
            switch error {
            case nil: [.truncated(offset: 4096, needed: 8, available: 4)]
            case .truncated:
                [.magic(.header, offset: 4096, found: 1), .magic(.state, offset: 8192, found: 1)]
            case .magic: [.version(2)]
            case .version: [.incompatibleFeatures(unknown: 0x4000)]
            case .incompatibleFeatures: [.headerSize(4)]
            case .headerSize:
                [
                    .header, .state, .section(.system), .section(.memoryMap),
                    .section(.invariants), .section(.jump), .section(.runs), .section(.chunks),
                    .section(.seal),
                    .section(SectionKind(rawValue: 9)), .chunk(3),
                ].map { .checksum($0, offset: 4096, expected: 1, found: 2) }
            case .checksum: [.unknownState(9)]
            case .unknownState:
                [.prepared, .ready, .resuming, .consumed].map { .wrongState(found: $0) }
            case .wrongState: [.differentIDs(header: ids.0, state: ids.1)]
            case .differentIDs: [.unexpectedID(expected: ids.0, found: ids.1)]
            case .unexpectedID:
                [
                    .signatureChanged(expected: .swap, found: .none),
                    .signatureChanged(expected: .swap, found: Signature([0x1b, 0x5b][...])),
                ]
            case .signatureChanged: [.badPages(3)]
            case .badPages:
                [.imageSize(8193, areaSize: 16384), .imageSize(16384, areaSize: 8192)]
            case .imageSize: [.tooManySections(99)]
            case .tooManySections: [.sectionFlags(.runs, 4)]
            case .sectionFlags: [.unknownSection(SectionKind(rawValue: 9))]
            case .unknownSection: [.duplicateSection(.runs)]
            case .duplicateSection: [.missingSection(.memoryMap)]
            case .missingSection: [.unexpectedSection(.chunks)]
            case .unexpectedSection: [.sectionSize(.jump, 1 << 30, limit: 1 << 20)]
            case .sectionSize: [.misaligned(.chunk(3), offset: 5)]
            case .misaligned:
                [.outsideImage(.section(.runs), offset: 8192, size: 9, imageSize: 8192)]
            case .outsideImage: [.overlap(offset: 8192, previousEnd: 12288)]
            case .overlap: [.trailingBytes(.jump, offset: 8192)]
            case .trailingBytes: [.text(.system, offset: 8192)]
            case .text: [.emptyMemoryRange(offset: 8192)]
            case .emptyMemoryRange: [.frameRange(offset: 8192, lower: 2, upper: 1)]
            case .frameRange: [.unsortedInvariant(offset: 8192)]
            case .unsortedInvariant: [.fileSystem(offset: 8192)]
            case .fileSystem: [.layout]
            case .layout: [.devicesMissing(found: 1, of: 2), .devicesMissing(found: 2, of: 3)]
            case .devicesMissing(1, _): []
            case .devicesMissing: [.deviceTwice(1)]
            case .deviceTwice: [.tooManyAreaRuns(300)]
            case .tooManyAreaRuns: [.runKind(offset: 8192, found: 9)]
            case .runKind: [.pagingLevels(3)]
            case .pagingLevels: [.emptyRun(run)]
            case .emptyRun: [.runBeyondLimit(PageRun(first: .limit, count: 9, kind: .zero))]
            case .runBeyondLimit: [.overlappingRun(run, previous: run)]
            case .overlappingRun: [.runOutsideMemory(run)]
            case .runOutsideMemory: [.runInSaverMemory(run)]
            case .runInSaverMemory: [.chunkPages(3, 999)]
            case .chunkPages: [.chunkSize(3, 99999, pages: 2)]
            case .chunkSize: [.chunkOrder(3, firstPage: 1, expected: 2)]
            case .chunkOrder: [.dataPages(header: 1, runs: 2, chunks: 3)]
            case .dataPages: [.zeroPages(header: 1, runs: 2)]
            case .zeroPages: [.chunkCount(header: 1, chunks: 2)]
            case .chunkCount: [.tooManyPages(1 << 60)]
            case .tooManyPages: [.saverRegion(frames)]
            case .saverRegion: [.jumpBackEntry(address)]
            case .jumpBackEntry: [.messagePage(address)]
            case .messagePage: [.cipher(9)]
            case .cipher: [.cipherUnavailable]
            case .cipherUnavailable: [.publicKey]
            case .publicKey: [.otherKey]
            case .otherKey: [.notAuthentic]
            case .notAuthentic: [.chunkNotAuthentic(3, offset: 8192)]
            case .chunkNotAuthentic: []
            }
        }
    }

    @Test func keyFile() {
        expectSentences { (error: KeyFileError?) in
            switch error {
            case nil: [.truncated(offset: 0, needed: 8, available: 4)]
            case .truncated: [.size(3, expected: 184)]
            case .size: [.magic]
            case .magic: [.version(2)]
            case .version: [.wrongChecksum]
            case .wrongChecksum: [.wrapping(9)]
            case .wrapping: [.cost(passes: 9, memory: 1 << 40)]
            case .cost: [.changed]
            case .changed: [.noMemory(64 << 20)]
            case .noMemory: [.otherKey]
            case .otherKey: []
            }
        }
        expectSentences { (error: MessagePageError?) in error == nil ? [.sealOrders] : [] }
    }

    @Test func stockImage() {
        let page = DevicePage(7)
        let frame = PageFrame(16)
        expectSentences { (error: SwsuspError?) in
            switch error {
            case nil: [.truncated(offset: 4096, needed: 4096, available: 0)]
            case .truncated: [.signature(found: .swsusp2)]
            case .signature: [.unknownFlags(0x40)]
            case .unknownFlags: [.contradictoryFlags(0)]
            case .contradictoryFlags: [.originalSignature(Array("nonsense\0\0".utf8))]
            case .originalSignature:
                [.pageOutsideArea(page, limit: DevicePage(5), offset: 4064)]
            case .pageOutsideArea: [.mapLoop(page)]
            case .mapLoop: [.entryAfterEnd(offset: 4096)]
            case .entryAfterEnd: [.duplicatePage(page)]
            case .duplicatePage: [.noPages]
            case .noPages: [.storedPages(found: 9, expected: 1...5)]
            case .storedPages: [.restoreRecord(.unknown(magic: 5))]
            case .restoreRecord: [.imageSize(5, pages: 7)]
            case .imageSize: [.pageCounts(data: 1, all: 2, memory: 3)]
            case .pageCounts: [.missingFrame(frame)]
            case .missingFrame: [.frameBeyondLimit(index: 3, entry: 1 << 60)]
            case .frameBeyondLimit: [.frameOrder(index: 3, frame, previous: PageFrame(17))]
            case .frameOrder: [.duplicateFrame(index: 3, frame)]
            case .duplicateFrame: [.listEndsEarly(index: 3)]
            case .listEndsEarly: [.tooManyFrames(limit: 5)]
            case .tooManyFrames: [.frameCount(listed: 5, zero: 1, dataPages: 3)]
            case .frameCount: [.blockLength(index: 3, 0, limit: 5)]
            case .blockLength: [.blockBeyondEnd(index: 3)]
            case .blockBeyondEnd: [.pagesAfterLastBlock(5)]
            case .pagesAfterLastBlock: [.missingBlocks(found: 1, expected: 5)]
            case .missingBlocks: [.block(index: 3, .malformed(expected: 4096))]
            case .block: [.checksum(expected: 1, found: 2)]
            case .checksum: []
            }
        }
    }

    @Test func restoreRecord() {
        let frame = PageFrame(16)
        expectSentences { (error: RestoreRecordError?) in
            switch error {
            case nil: [.unknown(magic: 5)]
            case .unknown: [.jumpAddress(5)]
            case .jumpAddress: [.pageTableRoot(5)]
            case .pageTableRoot: [.physicalJumpAddress(PhysicalAddress(1 << 60))]
            case .physicalJumpAddress: [.memoryMapChecksum(1 << 40)]
            case .memoryMapChecksum:
                [
                    .entryMapping(
                        four: .notCanonical, five: .noTable(level: 5, frame), expected: address),
                    .entryMapping(
                        four: .mapped(address, pageSize: 4096),
                        five: .mapped(address, pageSize: 4096), expected: address),
                ]
            case .entryMapping: [.hypervisorVectors(5)]
            case .hypervisorVectors: [.affinity(1 << 63)]
            case .affinity: [.noEntry(three: .notCanonical, four: .noTable(level: 4, frame))]
            case .noEntry: []
            }
        }
    }

    @Test func packedBlock() {
        expectSentences { (error: DecompressionError?) in
            switch error {
            case nil: [.malformed(expected: 4096)]
            case .malformed: [.size(expected: 4096, found: 4000)]
            case .size: []
            }
        }
    }

    @Test func coreFile() {
        expectSentences { (error: CoreDumpError?) in
            switch error {
            case nil: [.truncated(needed: 64, found: 8)]
            case .truncated: [.notACore(offset: 16, expected: 4, found: 2)]
            case .notACore: [.invalidProgramHeaderCount(0)]
            case .invalidProgramHeaderCount: [.invalidProgramHeader(index: 2)]
            case .invalidProgramHeader: [.overlappingMemory(range, range)]
            case .overlappingMemory: [.invalidNote(offset: 20)]
            case .invalidNote: [.noVMCoreInfo]
            case .noVMCoreInfo: [.notInCore(virtual: 0xffff_8880_0000_0000)]
            case .notInCore: []
            }
        }
    }

    @Test func freePages() {
        expectSentences { (error: FreePageError?) in
            switch error {
            case nil: [.notTold("SIZE(page)")]
            case .notTold: [.encryptedMemory]
            case .encryptedMemory: [.unreadable(0xffff_8880_0000_0000)]
            case .unreadable: [.impossibleBlock(PageFrame(16), order: 99)]
            case .impossibleBlock: [.backupList(9)]
            case .backupList: [.otherCount(found: 1, counted: 2)]
            case .otherCount: []
            }
        }
    }

    @Test func saverKernel() {
        expectSentences { (error: BootProtocolError?) in
            switch error {
            case nil: [.kernelTruncated(needed: 512, found: 9)]
            case .kernelTruncated: [.notAKernel(offset: 0x1fe, expected: 0xaa55, found: 0)]
            case .notAKernel: [.protocolTooOld(0x20a)]
            case .protocolTooOld:
                [.notRelocatable64Bit(loadFlags: 1, relocatable: 0, extendedLoadFlags: 3)]
            case .notRelocatable64Bit: [.invalidField(offset: 0x201, value: 1)]
            case .invalidField: [.commandLineTooLong(length: 3000, limit: 2047)]
            case .commandLineTooLong: [.regionUnusable(frames)]
            case .regionUnusable:
                [frames, FrameRange(PageFrame(1), count: 0)].map { .lowMemoryUnusable($0) }
            case .lowMemoryUnusable:
                [
                    .doesNotFit(needed: 1 << 30, available: 1 << 20),
                    .doesNotFit(needed: .max, available: 1 << 20),
                ]
            case .doesNotFit: [.invalidBootParameters(size: 5)]
            case .invalidBootParameters: [.tooManyMemoryMapEntries(200)]
            case .tooManyMemoryMapEntries: [.tooManyMemoryRanges(70000)]
            case .tooManyMemoryRanges: [.invalidNote(size: 5)]
            case .invalidNote: [.invalidPurgatory(size: 5)]
            case .invalidPurgatory: [.initPathTooLong(length: 300, limit: 255)]
            case .initPathTooLong: []
            }
        }
    }

    @Test func saverOption() {
        expectSentences { (error: SaverOptionError?) in
            error == nil ? [SaverOptionError(option: "kresume.save")] : []
        }
    }

    @Test func placement() {
        expectSentences { (error: PlacementError?) in
            switch error {
            case nil: [.outsideRAM(frames)]
            case .outsideRAM: [.twice(PageFrame(16))]
            case .twice: [.tooFewPages(missing: 5)]
            case .tooFewPages: [.noRoomForHandoff(pages: 5, limit: PageFrame(1 << 20))]
            case .noRoomForHandoff: []
            }
        }
    }

    @Test func hibernateLocation() {
        expectSentences { (error: HibernateLocationError?) in
            switch error {
            case nil: [.size(5)]
            case .size: [.notText]
            case .notText: [.notJSON(offset: 5)]
            case .notJSON: [.member("offset")]
            case .member: []
            }
        }
    }

    @Test func configurationFile() {
        expectSentences { (error: ConfigurationFile.Problem?) in
            switch error?.kind {
            case nil: [ConfigurationFile.Problem(kind: .noKey, line: 1)]
            case .noKey: [ConfigurationFile.Problem(kind: .notText, line: 1)]
            case .notText: [ConfigurationFile.Problem(kind: .tooLarge, line: 1)]
            case .tooLarge: []
            }
        }
    }
}
