// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import SaverPlan

extension FuzzTarget {
    /// The page in which the original kernel reads what happened, and texts that are written into
    /// it. An input is the beginning of a page, or where it begins with `t`, a text.
    static let messagePage = FuzzTarget(name: "message-page", inputLimit: 4200) {
        [
            Array(MessagePage(.failed, "no space left on /dev/vda2").bytes.prefix(64)),
            Array(
                MessagePage(swapList: 0x1234_5000, preparedImage: [PageFrame(0x77), PageFrame(1)])
                    .bytes.prefix(64)),
            Array(MessagePage(.failed, String(repeating: "x", count: 4016)).bytes.prefix(20)),
            MessagePage(.resumed, String(repeating: "\u{e4}", count: 2008)).bytes,
            Array(("t" + String(repeating: "x", count: 4015) + "\u{e4}\u{1f600}").utf8),
        ]
    } test: { input in
        if input.first == UInt8(ascii: "t") {
            checkText(String(decoding: input.dropFirst(), as: UTF8.self))
            return
        }
        let padding = max(0, PageFrame.size - input.count)
        let page = input.prefix(PageFrame.size) + [UInt8](repeating: 0, count: padding)
        guard let message = page.withUnsafeBytes({ MessagePage($0) }) else { return }
        _ = message.swapList
        _ = message.preparedImage
        if let orders = try? message.sealOrders() {
            let bytes = MessagePage(swapList: nil, sealOrders: orders).bytes
            let again = bytes.withUnsafeBytes { MessagePage($0) }
            require((try? again?.sealOrders()) == orders, "other orders")
        }
        _ = TestResult(message.text)
        checkText(message.text)
    }

    /// What is read is what was written, or as much of it as there is room for.
    private static func checkText(_ text: String) {
        for outcome in [MessagePage.Outcome.pending, .resumed, .failed, .cancelled, .tested] {
            let bytes = MessagePage(outcome, text).bytes
            require(bytes.count == PageFrame.size, "\(bytes.count) bytes")
            let found = bytes.withUnsafeBytes { MessagePage($0) }
            guard let found else { fatalError("found: a message that is not recognised") }
            require(found.outcome == outcome, "\(found.outcome)")
            require(
                found.text.utf8.elementsEqual(text.utf8)
                    || text.utf8.count > PageFrame.size - 80
                        && text.utf8.starts(with: found.text.utf8),
                "another text: \(found.text.suffix(20).debugDescription)")
        }
    }
}
