// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import PhysicalMemory
import Testing

@testable import SaverPlan

@Suite struct MessagePageTests {
    private func read(_ message: MessagePage) -> MessagePage? {
        message.bytes.withUnsafeBytes { MessagePage($0) }
    }

    @Test(
        arguments: [
            (.pending, ""), (.resumed, "6.12.1"), (.failed, "l\u{f6}\u{1f600}"),
            (.failed, String(repeating: "x", count: 4016)),
        ] as [(MessagePage.Outcome, String)])
    func isReadBack(outcome: MessagePage.Outcome, text: String) {
        let message = MessagePage(outcome, text)
        #expect(message.bytes.count == PageFrame.size)
        #expect(read(message) == message)
    }

    /// The page has room for 4016 bytes.
    @Test(arguments: [(4016, 0), (4015, 0), (4013, 0), (4012, 4), (3936, 80)])
    func longTextIsCutBetweenCharacters(plain: Int, kept: Int) {
        let head = String(repeating: "x", count: plain)
        let text = head + String(repeating: "\u{1f600}", count: 30)
        #expect(read(MessagePage(.failed, text))?.text.utf8.count == plain + kept)
        #expect(text.hasPrefix(read(MessagePage(.failed, text))?.text ?? "none"))
    }

    @Test func swapList() {
        #expect(read(MessagePage(swapList: 0x1234_5000))?.swapList == 0x1234_5000)
        #expect(read(MessagePage(swapList: nil))?.swapList == nil)
        #expect(MessagePage(.failed, "12").swapList == nil)
    }

    @Test(arguments: [0, 4016]) func theSeedIsReadBack(length: Int) {
        let seed = (0..<64).map { UInt8($0) }
        let message = MessagePage(.resumed, String(repeating: "x", count: length), seed: seed)
        #expect(message.bytes.count == PageFrame.size && message.bytes.suffix(64) == seed[...])
        #expect(read(message) == message)
        #expect(MessagePage(.resumed, "", seed: [1]).seed == [])
    }

    @Test func preparedImage() {
        let frames = [PageFrame(0x1234), PageFrame(1)]
        for list in [nil, 0x5000] as [UInt64?] {
            let message = read(MessagePage(swapList: list, preparedImage: frames))
            #expect(message?.swapList == list && message?.preparedImage == frames)
        }
        #expect(MessagePage(.failed, "12 13").preparedImage == [])
        #expect(MessagePage(swapList: 1).preparedImage == [])
    }

    @Test func sealOrders() throws {
        let orders = try #require(
            SealOrders(
                publicKey: Array(0..<32), token: Array(0x20..<0x40), seed: Array(0xe0...0xff),
                unlocking: 64 << 20))
        let frames = [PageFrame(0x1234), PageFrame(1)]
        let message = read(
            MessagePage(swapList: 0x5000, preparedImage: frames, sealOrders: orders))
        #expect(try message?.sealOrders() == orders)
        #expect(message?.swapList == 0x5000 && message?.preparedImage == frames)
        #expect(try MessagePage(swapList: 1).sealOrders() == nil)
        #expect(try MessagePage(.failed, message?.text ?? "").sealOrders() == nil)
        for text in ["seal:", "seal:00", "seal:" + String(repeating: "0", count: 191) + ":0"] {
            #expect(throws: MessagePageError.sealOrders) {
                try MessagePage(.pending, text).sealOrders()
            }
        }
        for digits in [String(repeating: "0g", count: 96), String(repeating: "+1", count: 96)] {
            #expect(throws: MessagePageError.sealOrders) {
                try MessagePage(.pending, "seal:" + digits + ":0").sealOrders()
            }
        }
    }

    @Test func testResult() {
        let result = TestResult(
            startTime: 1, saveTime: 2, memorySize: 3, imageSize: 4, device: "/dev/a b")
        #expect(TestResult(result.description) == result)
        for text in ["", "1 2 3 4", "1 2 3 4 ", "1 2 3 x /dev/a"] {
            #expect(TestResult(text) == nil, "\(text)")
        }
    }

    @Test func deviceMark() {
        let mark = DeviceMark(size: 1 << 40, checksum: .max - 1)
        #expect(DeviceMark(mark.description) == mark)
        for text in ["", "1", "1:", ":1", "1:x", "1:2:3", "-1:1"] {
            #expect(DeviceMark(text) == nil, "\(text)")
        }
    }

    @Test(arguments: [(0, 0x6c), (8, 6), (12, 0xb1), (14, 1)] as [(Int, UInt8)])
    func isNoMessage(offset: Int, byte: UInt8) {
        var page = MessagePage(.failed, String(repeating: "x", count: 4016)).bytes
        page[offset] = byte
        #expect(page.withUnsafeBytes { MessagePage($0) } == nil)
    }
}
