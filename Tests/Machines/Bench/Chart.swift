// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// The medians of what people wait for, as a picture: SVG, which reads well on light and on dark.
struct Chart {
    let samples: Samples
    let scenarios: [Scenario]

    private static let figures: [(Figure, String)] = [
        (.save, "From the command to the dark machine"),
        (.load, "Load of the image"),
        (.reading, "After the resume: reading all data again"),
    ]
    private static let colours: [Subject: String] = [.kernel: "#8b949e", .kresume: "#2f81f7"]

    // All lengths are in pixels.
    private static let width = 800
    private static let labels = 300
    private static let bar = 11
    private static let gap = 9
    private static let line = 22

    private struct Row {
        var label: String
        var bars: [(subject: Subject, seconds: Double)]

        var height: Int { bars.count * Chart.bar + Chart.gap }
    }

    var svg: String {
        var body: [String] = []
        var y = Self.line
        for subject in [Subject.kernel, .kresume] {
            let x = Self.labels + (subject == .kernel ? 0 : 100)
            body.append(rectangle(x, y - 10, 11, subject))
            body.append(text(x + 17, y, subject == .kernel ? "the kernel" : "kresume"))
        }
        for (figure, title) in Self.figures {
            let rows = rows(figure)
            guard let longest = rows.flatMap(\.bars).map(\.seconds).max() else { continue }
            y += 2 * Self.line
            body.append(text(0, y, title + ", seconds", isTitle: true))
            y += Self.gap
            let scale = Double(Self.width - Self.labels - 60) / longest
            for row in rows {
                body.append(text(0, y + row.height / 2 + 1, row.label))
                for (index, bar) in row.bars.enumerated() {
                    let top = y + index * Self.bar + Self.gap / 2
                    let length = max(1, Int(bar.seconds * scale))
                    body.append(rectangle(Self.labels, top, length, bar.subject))
                    let seconds = String(format: "%.1f", bar.seconds)
                    body.append(text(Self.labels + length + 5, top + 9, seconds, size: 10))
                }
                y += row.height
            }
        }
        let height = y + Self.line
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.width)" height="\(height)" \
            viewBox="0 0 \(Self.width) \(height)" font-family="sans-serif" fill="#768390">
            \(body.joined(separator: "\n"))
            </svg>

            """
    }

    private func rows(_ figure: Figure) -> [Row] {
        samples.cases.compactMap { run in
            let bars = [Subject.kernel, .kresume].compactMap { subject in
                median(Array(samples.values(figure, by: subject, of: run).values))
                    .map { (subject, $0) }
            }
            guard !bars.isEmpty else { return nil }
            let scenario = scenarios.first { $0.name == run.scenario }
            return Row(
                label: "\(scenario?.description ?? run.scenario): \(run.image)", bars: bars)
        }
    }

    private func rectangle(_ x: Int, _ y: Int, _ length: Int, _ subject: Subject) -> String {
        """
        <rect x="\(x)" y="\(y)" width="\(length)" height="\(Self.bar - 1)" fill="\(Self.colours[subject] ?? "")"/>
        """
    }

    private func text(
        _ x: Int, _ y: Int, _ text: String, size: Int = 12, isTitle: Bool = false
    ) -> String {
        let escaped = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
        let weight = isTitle ? " font-weight=\"bold\"" : ""
        return "<text x=\"\(x)\" y=\"\(y)\" font-size=\"\(size)\"\(weight)>\(escaped)</text>"
    }
}
