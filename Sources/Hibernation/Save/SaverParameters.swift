// SPDX-License-Identifier: GPL-2.0-or-later

import BootProtocol
import KresumeImage
import PhysicalMemory

/// What A tells the saver kernel on its command line. A composes the options, the saver reads
/// them; the purgatory fills in the jump-back entry.
struct SaverParameters {
    /// The image that A prepared; its state record says on which device.
    var image: ImageID
    /// Where the image area begins on the device, in pages.
    var offsetPages: UInt64
    /// A's message page.
    var messagePage: PhysicalAddress
    /// Where A is entered again. Known to the saver only.
    var jumpBackEntry: PhysicalAddress?

    private enum Name {
        static let image = "kresume.save"
        static let offset = "kresume.offset"
        static let message = "kresume.message"
        static let jumpBack = "kexec_jump_back_entry"
    }

    init(image: ImageID, offsetPages: UInt64, messagePage: PhysicalAddress) {
        self.image = image
        self.offsetPages = offsetPages
        self.messagePage = messagePage
    }

    var options: KernelCommandLine {
        KernelCommandLine(
            [
                (Name.image, image.description), (Name.offset, String(offsetPages)),
                (Name.message, messagePage.description),
            ].compactMap { KernelCommandLine.Option($0.0, $0.1) })
    }

    /// Nil where the kernel was not started to save anything.
    init?(_ line: KernelCommandLine) throws {
        guard let text = line.value(of: Name.image) else { return nil }
        guard let image = ImageID(text) else { throw SaveError.commandLine(option: Name.image) }
        guard let offset = line.value(of: Name.offset).flatMap({ UInt64($0) }) else {
            throw SaveError.commandLine(option: Name.offset)
        }
        guard let message = Self.address(line, Name.message) else {
            throw SaveError.commandLine(option: Name.message)
        }
        guard let entry = Self.address(line, Name.jumpBack), entry.rawValue != 0 else {
            throw SaveError.commandLine(option: Name.jumpBack)
        }
        self.init(image: image, offsetPages: offset, messagePage: message)
        jumpBackEntry = entry
    }

    private static func address(_ line: KernelCommandLine, _ name: String) -> PhysicalAddress? {
        guard let text = line.value(of: name), text.hasPrefix("0x") else { return nil }
        return UInt64(text.dropFirst(2), radix: 16).map { PhysicalAddress($0) }
    }
}
