// SPDX-License-Identifier: GPL-2.0-or-later

/// For people: whole MiB, rounded up.
package func mebibytes(_ bytes: UInt64) -> String {
    "\((bytes >> 20) + (bytes % (1 << 20) == 0 ? 0 : 1)) MiB"
}

/// For people: "2.4 s".
package func seconds(milliseconds: UInt64) -> String {
    "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
}

/// As the kernel prints it with `%#x`.
package func hexadecimal(_ value: some BinaryInteger) -> String {
    "0x" + String(value, radix: 16)
}

/// With commas between; "nothing" where there is none.
package func list(_ elements: [some CustomStringConvertible]) -> String {
    elements.isEmpty ? "nothing" : elements.map(\.description).joined(separator: ", ")
}
