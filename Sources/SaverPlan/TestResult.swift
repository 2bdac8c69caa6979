// SPDX-License-Identifier: GPL-2.0-or-later

/// What the saver kernel has found out in a test.
package struct TestResult: Hashable, Sendable {
    /// How long it took until it could begin, in milliseconds.
    package var startTime: UInt64
    /// How long it took to do all but write, in milliseconds.
    package var saveTime: UInt64
    /// What would be saved, in bytes.
    package var memorySize: UInt64
    /// What the image would take, in bytes.
    package var imageSize: UInt64
    /// What the device is called there.
    package var device: String

    package init(
        startTime: UInt64, saveTime: UInt64, memorySize: UInt64, imageSize: UInt64, device: String
    ) {
        self.startTime = startTime
        self.saveTime = saveTime
        self.memorySize = memorySize
        self.imageSize = imageSize
        self.device = device
    }
}

/// The numbers in their order, and the name, which may have blanks.
extension TestResult: LosslessStringConvertible {
    package var description: String {
        "\(startTime) \(saveTime) \(memorySize) \(imageSize) \(device)"
    }

    package init?(_ description: String) {
        let parts = description.split(separator: " ", maxSplits: 4)
        let numbers = parts.prefix(4).compactMap { UInt64($0) }
        guard parts.count == 5, numbers.count == 4 else { return nil }
        self.init(
            startTime: numbers[0], saveTime: numbers[1], memorySize: numbers[2],
            imageSize: numbers[3], device: String(parts[4]))
    }
}
