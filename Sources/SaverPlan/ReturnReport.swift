// SPDX-License-Identifier: GPL-2.0-or-later

/// What the restore kernel tells A in its ``MessagePage``: which it is, and how it went.
package struct ReturnReport: Hashable, Sendable {
    /// Its release.
    package var release: String
    /// What was saved, in bytes.
    package var memorySize: UInt64 = 0
    /// What that took on the device, in bytes.
    package var imageSize: UInt64 = 0
    /// What the saver kernel has said of its work.
    package var saver: [String] = []
    /// How long the parts of the resume took.
    package var times = ""
    /// What the restore kernel has told its user.
    package var lines: [String] = []

    package init(release: String) { self.release = release }
}

/// The release; then a line for each of the others, with a word before it. What has no known word is
/// passed over, and the message page may cut the end.
extension ReturnReport: LosslessStringConvertible {
    package var description: String {
        let lines =
            [release, "size \(memorySize) \(imageSize)", "took \(times)"]
            + saver.map { "saver \($0)" } + lines.map { "said \($0)" }
        return lines.map { $0.split(separator: "\n").joined(separator: " ") }
            .joined(separator: "\n")
    }

    package init(_ description: String) {
        let lines = description.split(separator: "\n", omittingEmptySubsequences: false)
        self.init(release: String(lines.first ?? ""))
        for line in lines.dropFirst() {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            let rest = String(parts[1])
            switch parts[0] {
            case "size":
                let sizes = rest.split(separator: " ").compactMap { UInt64($0) }
                if sizes.count == 2 { (memorySize, imageSize) = (sizes[0], sizes[1]) }
            case "took": times = rest
            case "saver": saver.append(rest)
            case "said": self.lines.append(rest)
            default: break
            }
        }
    }
}
