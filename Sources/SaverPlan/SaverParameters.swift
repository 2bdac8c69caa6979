// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Compression
import Explanation
import KresumeImage
import LinuxBoot
import PhysicalMemory

/// What A tells the saver kernel on its command line.
package struct SaverParameters {
    /// The image that A prepared; its state record says on which device.
    package var image: ImageID
    /// Where the image area begins on the device, in pages.
    package var offsetPages: UInt64
    /// The device is on several disks; nil: it is one that the saver kernel has, too.
    package var mirrored: MirroredDevice?
    /// A's message page.
    package var messagePage: PhysicalAddress
    package var pagingDepth: PagingDepth
    /// What is in A's free pages matters to A.
    package var keepsFreePages: Bool
    package var compressionLevel: Int
    /// What the device takes sooner as it is need not be packed.
    package var mayStoreRaw: Bool
    /// Nothing is to be written, it is a test. A has not written to the device either: this is what
    /// it looks like, and the others that the area is on, and the prepared image is in A's memory.
    package var test: [DeviceMark]?
    /// The machine is not to be switched off, but to sleep with its memory kept, the image beside.
    package var isHybrid: Bool

    package init(
        image: ImageID, offsetPages: UInt64, mirrored: MirroredDevice? = nil,
        messagePage: PhysicalAddress, pagingDepth: PagingDepth, keepsFreePages: Bool,
        compressionLevel: Int, mayStoreRaw: Bool = false, test: [DeviceMark]? = nil,
        isHybrid: Bool = false
    ) {
        self.image = image
        self.offsetPages = offsetPages
        self.mirrored = mirrored
        self.messagePage = messagePage
        self.pagingDepth = pagingDepth
        self.keepsFreePages = keepsFreePages
        self.compressionLevel = compressionLevel
        self.mayStoreRaw = mayStoreRaw
        self.test = test
        self.isHybrid = isHybrid
    }

    fileprivate enum Name {
        static let image = "kresume.save"
        static let offset = "kresume.offset"
        static let mirrored = "kresume.mirrored"
        static let message = "kresume.message"
        static let levels = "kresume.levels"
        static let compressionLevel = "kresume.level"
        static let raw = "kresume.raw"
        static let freePages = "kresume.keep_free_pages"
        static let test = "kresume.test"
        static let hybrid = "kresume.hybrid"
        /// As kexec-tools calls it.
        static let jumpBack = "kexec_jump_back_entry"
    }

    /// A's side.
    package var options: KernelCommandLine {
        var options: [(name: String, value: String?)] = [
            (Name.image, image.description), (Name.offset, String(offsetPages)),
            (Name.message, messagePage.description), (Name.levels, String(pagingDepth.rawValue)),
            (Name.compressionLevel, String(compressionLevel)),
            // Another image may lie about, for an initramfs that takes what it sees.
            ("noresume", nil),
        ]
        if let mirrored { options.append((Name.mirrored, mirrored.description)) }
        if mayStoreRaw { options.append((Name.raw, nil)) }
        if keepsFreePages { options.append((Name.freePages, nil)) }
        if isHybrid { options.append((Name.hybrid, nil)) }
        if let test {
            let marks = test.map(\.description).joined(separator: ",")
            options.append((Name.test, marks))
        }
        return KernelCommandLine(
            options.compactMap { KernelCommandLine.Option($0.name, $0.value) })
    }
}

/// An option that `hibernate` puts on the command line is missing or makes no sense.
package struct SaverOptionError: ExplainedError, Hashable {
    package var option: String

    package var explanation: String {
        "the option \(option) of the saver kernel's command line is missing or makes no sense"
    }
}

/// The same as the saver kernel reads it, with what the purgatory added.
package struct SaverOrders {
    package let parameters: SaverParameters
    /// Where A is entered again.
    package let jumpBackEntry: PhysicalAddress

    /// Nil where the kernel was not started to save anything.
    package init?(_ line: KernelCommandLine) throws {
        typealias Name = SaverParameters.Name
        guard let text = line.value(of: Name.image) else { return nil }
        guard let image = ImageID(text) else { throw SaverOptionError(option: Name.image) }
        guard let offset = line.value(of: Name.offset).flatMap({ UInt64($0) }) else {
            throw SaverOptionError(option: Name.offset)
        }
        guard let message = Self.address(line, Name.message) else {
            throw SaverOptionError(option: Name.message)
        }
        guard
            let depth = line.value(of: Name.levels).flatMap({ UInt32($0) })
                .flatMap({ PagingDepth(rawValue: $0) })
        else { throw SaverOptionError(option: Name.levels) }
        guard
            let compressionLevel = line.value(of: Name.compressionLevel).flatMap({ Int($0) }),
            Zstandard.levels.contains(compressionLevel)
        else { throw SaverOptionError(option: Name.compressionLevel) }
        guard let entry = Self.address(line, Name.jumpBack), entry.rawValue != 0 else {
            throw SaverOptionError(option: Name.jumpBack)
        }
        let test = line.value(of: Name.test).map { marks in
            marks.split(separator: ",", omittingEmptySubsequences: false)
                .map { DeviceMark(String($0)) }
        }
        if let test, test.contains(nil) { throw SaverOptionError(option: Name.test) }
        let mirrored = line.value(of: Name.mirrored).map { MirroredDevice($0) }
        if case .some(nil) = mirrored { throw SaverOptionError(option: Name.mirrored) }
        parameters = SaverParameters(
            image: image, offsetPages: offset, mirrored: mirrored ?? nil, messagePage: message,
            pagingDepth: depth, keepsFreePages: line.contains(Name.freePages),
            compressionLevel: compressionLevel, mayStoreRaw: line.contains(Name.raw),
            test: test?.compactMap { $0 },
            isHybrid: line.contains(Name.hybrid))
        jumpBackEntry = entry
    }

    private static func address(_ line: KernelCommandLine, _ name: String) -> PhysicalAddress? {
        guard let text = line.value(of: name), text.hasPrefix("0x") else { return nil }
        return UInt64(text.dropFirst(2), radix: 16).map { PhysicalAddress($0) }
    }
}
