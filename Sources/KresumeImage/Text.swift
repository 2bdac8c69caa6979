// SPDX-License-Identifier: GPL-2.0-or-later

/// The longest text that an image holds, in bytes.
let textLimit = 1024

/// Whether bytes may stand in an image as text: they are printed as they are, so nothing in them
/// may steer a terminal.
func isText(_ bytes: some Collection<UInt8>) -> Bool {
    bytes.count <= textLimit && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
}

/// Nil where `bytes` are no text of the image format.
func text(_ bytes: ArraySlice<UInt8>) -> String? {
    isText(bytes) ? String(validating: bytes, as: UTF8.self) : nil
}
