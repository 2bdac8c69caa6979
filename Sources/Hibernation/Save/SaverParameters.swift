// SPDX-License-Identifier: GPL-2.0-or-later

import BootProtocol
import Compression
import KresumeImage
import PhysicalMemory

/// What A tells the saver kernel on its command line.
struct SaverParameters {
    /// The image that A prepared; its state record says on which device.
    var image: ImageID
    /// Where the image area begins on the device, in pages.
    var offsetPages: UInt64
    /// A's message page.
    var messagePage: PhysicalAddress
    /// A's: 4 or 5.
    var pagingLevels: Int
    /// What is in A's free pages matters to A.
    var keepsFreePages: Bool
    var compressionLevel: Int

    fileprivate enum Name {
        static let image = "kresume.save"
        static let offset = "kresume.offset"
        static let message = "kresume.message"
        static let levels = "kresume.levels"
        static let compressionLevel = "kresume.level"
        static let freePages = "kresume.keep_free_pages"
        /// As kexec-tools calls it.
        static let jumpBack = "kexec_jump_back_entry"
    }

    /// A's side.
    var options: KernelCommandLine {
        var options: [(name: String, value: String?)] = [
            (Name.image, image.description), (Name.offset, String(offsetPages)),
            (Name.message, messagePage.description), (Name.levels, String(pagingLevels)),
            (Name.compressionLevel, String(compressionLevel)),
            // Another image may lie about, for an initramfs that takes what it sees.
            ("noresume", nil),
        ]
        if keepsFreePages { options.append((Name.freePages, nil)) }
        return KernelCommandLine(
            options.compactMap { KernelCommandLine.Option($0.name, $0.value) })
    }
}

/// The same as the saver kernel reads it, with what the purgatory added.
struct SaverOrders {
    let parameters: SaverParameters
    /// Where A is entered again.
    let jumpBackEntry: PhysicalAddress

    /// Nil where the kernel was not started to save anything.
    init?(_ line: KernelCommandLine) throws {
        typealias Name = SaverParameters.Name
        guard let text = line.value(of: Name.image) else { return nil }
        guard let image = ImageID(text) else { throw SaveError.commandLine(option: Name.image) }
        guard let offset = line.value(of: Name.offset).flatMap({ UInt64($0) }) else {
            throw SaveError.commandLine(option: Name.offset)
        }
        guard let message = Self.address(line, Name.message) else {
            throw SaveError.commandLine(option: Name.message)
        }
        guard let levels = line.value(of: Name.levels).flatMap({ Int($0) }),
            [4, 5].contains(levels)
        else { throw SaveError.commandLine(option: Name.levels) }
        guard
            let compressionLevel = line.value(of: Name.compressionLevel).flatMap({ Int($0) }),
            Zstandard.levels.contains(compressionLevel)
        else { throw SaveError.commandLine(option: Name.compressionLevel) }
        guard let entry = Self.address(line, Name.jumpBack), entry.rawValue != 0 else {
            throw SaveError.commandLine(option: Name.jumpBack)
        }
        parameters = SaverParameters(
            image: image, offsetPages: offset, messagePage: message, pagingLevels: levels,
            keepsFreePages: line.contains(Name.freePages), compressionLevel: compressionLevel)
        jumpBackEntry = entry
    }

    private static func address(_ line: KernelCommandLine, _ name: String) -> PhysicalAddress? {
        guard let text = line.value(of: name), text.hasPrefix("0x") else { return nil }
        return UInt64(text.dropFirst(2), radix: 16).map { PhysicalAddress($0) }
    }
}
