// SPDX-License-Identifier: GPL-2.0-or-later

/// What must not change between hibernation and resume: PCI devices, interrupt remapping, the
/// EFI runtime map... A category is a word; each of its facts is a line of text.
package struct Invariants: Hashable, Sendable {
    package struct Fact: Hashable, Sendable {
        /// 1 to 32 of `a`–`z`, `0`–`9`, `-`.
        package var category: String
        /// 1 to 1024 bytes without control characters.
        package var value: String

        package init(_ category: String, _ value: String) {
            self.category = category
            self.value = value
        }

        /// The line that stands for it, without the line feed.
        var line: [UInt8] { Array("\(category) \(value)".utf8) }

        var isValid: Bool {
            let isWord = category.utf8.allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d
            }
            return isWord && (1...32).contains(category.utf8.count) && !value.isEmpty
                && isText(value.utf8)
        }
    }

    /// What two machines do not have in common, in one category.
    package struct Difference: Hashable, Sendable {
        package var category: String
        package var onlyInImage: [String]
        package var onlyHere: [String]
    }

    /// In ascending order of their lines' bytes, none twice.
    package private(set) var facts: [Fact]

    /// `facts` may come in any order and repeat.
    package init(_ facts: some Sequence<Fact>) {
        let lines = facts.map { (line: $0.line, fact: $0) }
            .sorted { $0.line.lexicographicallyPrecedes($1.line) }
        self.facts = []
        var last: [UInt8]?
        for (line, fact) in lines where line != last {
            self.facts.append(fact)
            last = line
        }
    }

    /// What of this, an image's, is not so `here`, and the reverse; nothing if all is as it was.
    /// A category that one side lacks altogether is a difference too.
    package func differences(from here: Invariants) -> [Difference] {
        let inImage = Set(facts)
        let onThisMachine = Set(here.facts)
        let onlyInImage = facts.filter { !onThisMachine.contains($0) }
        let onlyHere = here.facts.filter { !inImage.contains($0) }
        let categories = Set((onlyInImage + onlyHere).map(\.category)).sorted()
        return categories.map { category in
            Difference(
                category: category,
                onlyInImage: onlyInImage.filter { $0.category == category }.map(\.value),
                onlyHere: onlyHere.filter { $0.category == category }.map(\.value))
        }
    }
}
