// SPDX-License-Identifier: GPL-2.0-or-later

/// What the original kernel has: enough to seal an image, and to show that it is this machine's, and
/// not enough to open one.
package struct SealingKey: Sendable {
    package let publicKey: [UInt8]
    /// 32 random bytes that nobody else's image could know of.
    package let machineSecret: SecretBytes

    package static let secretSize = 32

    package init(publicKey: [UInt8], machineSecret: SecretBytes) {
        self.publicKey = publicKey
        self.machineSecret = machineSecret
    }
}

/// What the restore kernel needs: opens the images of its ``SealingKey``, and tells them from those of
/// others.
package struct OpeningKey: Sendable {
    package let pair: KeyPair
    package let machineSecret: SecretBytes

    package init(pair: KeyPair, machineSecret: SecretBytes) {
        self.pair = pair
        self.machineSecret = machineSecret
    }

    package static func random() -> OpeningKey {
        OpeningKey(pair: .random(), machineSecret: .random(count: SealingKey.secretSize))
    }

    package var sealingKey: SealingKey {
        SealingKey(publicKey: pair.publicKey, machineSecret: machineSecret)
    }
}
