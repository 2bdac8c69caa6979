// SPDX-License-Identifier: GPL-2.0-or-later

import Testing

@testable import SaverPlan

@Suite struct ReturnReportTests {
    private static let report: ReturnReport = {
        var report = ReturnReport(release: "6.1.0-restore")
        report.memorySize = 512 << 20
        report.imageSize = 180 << 20
        report.saver = ["Linux 6.12, boot 1.900 s, data 3.000 s"]
        report.times = "boot 2.100 s, tables 0.010 s"
        report.lines = ["found an image", "", "going back"]
        return report
    }()

    @Test func allOfItComesToTheOtherSide() throws {
        let page = MessagePage(.resumed, "\(Self.report)").bytes
        let message = page.withUnsafeBytes { MessagePage($0) }
        #expect(ReturnReport(try #require(message).text) == Self.report)
    }

    /// A restore kernel of another version may say less, or more.
    @Test(arguments: [
        ("6.1.0", ReturnReport(release: "6.1.0")), ("", ReturnReport(release: "")),
        ("6.1.0\nnew something\nsize 1\nsize x y\nword", ReturnReport(release: "6.1.0")),
    ])
    func whatIsNotKnownIsPassedOver(text: String, report: ReturnReport) {
        #expect(ReturnReport(text) == report)
    }

    @Test func aLineIsALine() {
        var report = ReturnReport(release: "6.1\nsize 1 1")
        report.lines = ["one\nsaver two"]
        let read = ReturnReport("\(report)")
        #expect(read.release == "6.1 size 1 1" && read.lines == ["one saver two"])
        #expect(read.saver == [] && read.memorySize == 0)
    }

    /// What says most is kept where there is much to say.
    @Test func theEndIsCut() throws {
        var report = Self.report
        report.lines = (0..<40).map { "\($0) " + String(repeating: "x", count: 200) }
        let page = MessagePage(.resumed, "\(report)").bytes
        let text = try #require(page.withUnsafeBytes { MessagePage($0) }).text
        let read = ReturnReport(text)
        #expect(read.times == report.times && read.saver == report.saver)
        #expect(read.lines.count > 10 && read.lines.first == report.lines.first)
    }
}
