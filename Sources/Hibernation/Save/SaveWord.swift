// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// What the process that saves tells the one that has started it.
enum SaveWord {
    /// As long as this comes now and then, all is well.
    case stillSaving
    case failed(String)

    /// A byte that is in no UTF-8 text.
    private static let life: UInt8 = 0xff

    func say(on machine: any ProcessAccess) throws(PlatformError) {
        switch self {
        case .stillSaving: try machine.tellStarter([Self.life])
        case .failed(let reason): try machine.tellStarter(Array(reason.utf8))
        }
    }

    /// What of some bytes is a reason.
    static func reason(in bytes: [UInt8]) -> [UInt8] { bytes.filter { $0 != life } }
}
