// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
import SystemPackage

/// The running kernel's own symbols: /proc/kallsyms.
package enum KernelSymbols {
    private static let file: FilePath = "/proc/kallsyms"

    /// The virtual addresses of those of `names` that the kernel has and tells. It shows
    /// variables only where it was built with CONFIG_KALLSYMS_ALL, and zeroes for all addresses
    /// to those who may not know them.
    package static func addresses(of names: [String]) throws(PlatformError) -> [String: UInt64] {
        let file = try OwnedDescriptor(open: Self.file, O_RDONLY)
        let number = file.rawValue
        var search = Search(names)
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while search.isIncomplete {
            let got = try systemCall(.read, Self.file) { read(number, &chunk, chunk.count) }
            if got == 0 { break }
            search.take(chunk[..<got])
        }
        return search.found
    }

    /// Lines "ffffffff81000000 T _text", as they come.
    struct Search {
        private let names: [(name: String, bytes: [UInt8])]
        private var rest: [UInt8] = []
        private(set) var found: [String: UInt64] = [:]

        init(_ names: [String]) { self.names = names.map { ($0, Array($0.utf8)) } }

        var isIncomplete: Bool { found.count < names.count }

        mutating func take(_ bytes: ArraySlice<UInt8>) {
            var start = bytes.startIndex
            while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
                if rest.isEmpty {
                    line(bytes[start..<end])
                } else {
                    rest += bytes[start..<end]
                    line(rest[...])
                    rest.removeAll()
                }
                start = end + 1
            }
            rest += bytes[start...]
        }

        /// The address has 16 digits, the type one letter; a module's symbols have its name behind.
        private mutating func line(_ line: ArraySlice<UInt8>) {
            let name = line.dropFirst(19)
            for candidate in names
            where name.count == candidate.bytes.count && name.elementsEqual(candidate.bytes) {
                let digits = String(decoding: line.prefix(16), as: UTF8.self)
                if let address = UInt64(digits, radix: 16), address != 0 {
                    found[candidate.name] = address
                }
            }
        }
    }
}
