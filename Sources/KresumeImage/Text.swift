// SPDX-License-Identifier: GPL-2.0-or-later

/// The longest text that an image holds, in bytes.
let textLimit = 1024

/// Whether bytes may stand in an image as text: they are printed as they are, so nothing in them
/// may steer a terminal.
func isText(_ bytes: some Collection<UInt8>) -> Bool {
    // U+0080 to U+009F are control characters too: in UTF-8, c2 and a byte of 80 to 9f.
    bytes.count <= textLimit && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
        && zip(bytes, bytes.dropFirst()).allSatisfy { $0 != 0xc2 || !(0x80...0x9f).contains($1) }
}

/// Nil where `bytes` are no text of the image format.
func text(_ bytes: ArraySlice<UInt8>) -> String? {
    isText(bytes) ? String(validating: bytes, as: UTF8.self) : nil
}
