// SPDX-License-Identifier: GPL-2.0-or-later

import Synchronization

/// Bytes that a script hands to its test.
final class Captured: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    var value: [UInt8] { bytes.withLock { $0 } }

    func set(_ value: [UInt8]) { bytes.withLock { $0 = value } }
}
