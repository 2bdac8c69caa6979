// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SaverPlan

/// What the process that saves tells the one that has started it.
enum SaveWord {
    /// As long as this comes now and then, all is well.
    case stillSaving
    /// The device is found: nobody waits for it any more, nor for a passphrase.
    case deviceFound
    /// What comes next makes it an image. It waits for the answer, whatever that is: from then on
    /// nobody may go back because a key was pressed.
    case mayBecomeImage
    case tested(TestResult)
    /// The machine has slept, and the image is dropped.
    case awake
    case failed(String)

    /// Bytes that are in no UTF-8 text.
    private enum Byte {
        static let stillSaving: UInt8 = 0xff
        static let deviceFound: UInt8 = 0xfe
        static let mayBecomeImage: UInt8 = 0xfd
        static let tested: UInt8 = 0xfc
        static let awake: UInt8 = 0xfb
    }

    /// To ``mayBecomeImage``.
    static let answer: [UInt8] = [1]

    func say(on machine: any ProcessAccess) throws(PlatformError) {
        switch self {
        case .stillSaving: try machine.tellStarter([Byte.stillSaving])
        case .deviceFound: try machine.tellStarter([Byte.deviceFound])
        case .mayBecomeImage: try machine.tellStarter([Byte.mayBecomeImage])
        case .tested(let result):
            try machine.tellStarter([Byte.tested] + Array(result.description.utf8))
        case .awake: try machine.tellStarter([Byte.awake])
        case .failed(let reason): try machine.tellStarter(Array(reason.utf8))
        }
    }

    /// What has been heard, by any number of bytes at a time.
    struct Heard {
        private(set) var isDeviceFound = false
        private(set) var mayBecomeImage = false
        /// Whether ``text`` is the result of a test, and not a reason.
        private(set) var isTested = false
        private(set) var isAwake = false
        private var bytes: [UInt8] = []

        var text: String? { bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) }

        mutating func add(_ more: [UInt8]) {
            for byte in more {
                switch byte {
                case Byte.stillSaving: break
                case Byte.deviceFound: isDeviceFound = true
                case Byte.mayBecomeImage: mayBecomeImage = true
                case Byte.tested: isTested = true
                case Byte.awake: isAwake = true
                default: bytes.append(byte)
                }
            }
        }
    }
}
