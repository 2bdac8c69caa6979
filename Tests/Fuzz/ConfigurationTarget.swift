// SPDX-License-Identifier: GPL-2.0-or-later

import ConfigurationFile

extension FuzzTarget {
    /// kresume.conf.
    static let configuration = FuzzTarget(name: "configuration", inputLimit: 2048) {
        [
            "", "# Comment\n\ncompression = zstd\n\tcompression-level=3 \r\nimage-size=\n",
            "saver-kernel = /boot/vmlinuz = x\nno key\n= nothing\n\u{7f}\n\u{e4} = \u{fc}",
        ].map { Array($0.utf8) }
    } test: { input in
        let file = ConfigurationFile(parsing: input)
        let lines = 1 + input.reduce(0) { $0 + ($1 == 0x0a ? 1 : 0) }
        for numbers in [file.entries.map(\.line), file.problems.map(\.line)] {
            require(
                zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }
                    && numbers.allSatisfy { (1...lines).contains($0) }, "lines \(numbers)")
        }
        for entry in file.entries {
            require(!entry.key.isEmpty, "an empty key")
            for text in [entry.key, entry.value] {
                require(
                    text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 },
                    "a control character in \(text.debugDescription)")
                require(
                    text.utf8.first != 0x20 && text.utf8.last != 0x20,
                    "a blank around \(text.debugDescription)")
            }
        }
        let written = file.entries.map { "\($0.key) = \($0.value)\n" }.joined()
        let again = ConfigurationFile(parsing: Array(written.utf8))
        require(
            again.problems.isEmpty && again.entries.map(\.key) == file.entries.map(\.key)
                && again.entries.map(\.value) == file.entries.map(\.value),
            "what was read and is written is read otherwise")
    }
}
