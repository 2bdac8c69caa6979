// SPDX-License-Identifier: GPL-2.0-or-later

import CLinux
import Glibc
import SystemPackage

/// An active swap area: one line of /proc/swaps.
package struct ActiveSwap: Hashable, Sendable {
    package var path: FilePath
    /// Else it is a file.
    package var isBlockDevice: Bool
    /// In bytes, the header's page not counted.
    package var size: UInt64
    /// In bytes.
    package var used: UInt64
    /// Negative where the kernel chose it.
    package var priority: Int

    package init(
        path: FilePath, isBlockDevice: Bool, size: UInt64, used: UInt64, priority: Int
    ) {
        self.path = path
        self.isBlockDevice = isBlockDevice
        self.size = size
        self.used = used
        self.priority = priority
    }
}

package enum Swaps {
    private static let file: FilePath = "/proc/swaps"

    /// The active swap areas.
    package static func active() throws(PlatformError) -> [ActiveSwap] {
        do { return try parse(SystemFile.text(file)) } catch {
            // A kernel without CONFIG_SWAP has no such file.
            guard case .call(.open, _, .noSuchFileOrDirectory) = error else { throw error }
            return []
        }
    }

    /// The active swap area that is the device `number`, by whatever path it was activated.
    package static func active(on number: DeviceNumber) throws(PlatformError) -> ActiveSwap? {
        try active().first { area in
            guard area.isBlockDevice, let status = try? stat(area.path) else { return false }
            return DeviceNumber(status.st_rdev) == number
        }
    }

    /// Reads /proc/swaps; sizes there are in KiB. Source: `swap_show`, mm/swapfile.c, Linux 6.12.
    static func parse(_ text: String) throws(PlatformError) -> [ActiveSwap] {
        var areas: [ActiveSwap] = []
        for (index, line) in text.split(separator: "\n").enumerated().dropFirst() {
            // A blank in the path is written as \040, so every blank separates.
            let fields = line.split { $0 == " " || $0 == "\t" }
            guard fields.count == 5, let size = kibibytes(fields[2]),
                let used = kibibytes(fields[3]), let priority = Int(fields[4])
            else { throw .malformed(path: file, line: index + 1) }
            areas.append(
                ActiveSwap(
                    path: FilePath(fields[0].octalUnescaped),
                    isBlockDevice: fields[1] == "partition",
                    size: size, used: used, priority: priority))
        }
        return areas
    }

    /// Activates the swap area at `path`. A negative priority leaves the choice to the kernel.
    /// The corresponding C function is `swapon`.
    package static func activate(
        _ path: FilePath, priority: Int, discard: SwapDiscard
    ) throws(PlatformError) {
        let priorityFlags =
            priority < 0 ? 0 : SWAP_FLAG_PREFER | min(CInt(clamping: priority), SWAP_FLAG_PRIO_MASK)
        let flags = priorityFlags | discard.flags
        try systemCall(.swapon, path) { path.withPlatformString { swapon($0, flags) } }
    }

    /// Moves what is in the swap area back to memory and gives the area up. The corresponding C
    /// function is `swapoff`.
    ///
    /// That takes as long as reading the area does. A signal ends it, with EINTR, and then the area
    /// is as it was (`try_to_unuse`, mm/swapfile.c, Linux 6.12).
    ///
    /// - Parameter isUnwanted: asked while it goes on; once it says so, this throws EINTR.
    package static func deactivate(
        _ path: FilePath, unless isUnwanted: () -> Bool
    ) throws(PlatformError) {
        try InterruptibleCall.run(.swapoff, path, unless: isUnwanted) {
            path.withPlatformString { swapoff($0) }
        }
    }
}

/// A number of KiB in bytes.
func kibibytes(_ text: some StringProtocol) -> UInt64? {
    guard let (bytes, overflow) = UInt64(text)?.multipliedReportingOverflow(by: 1024), !overflow
    else { return nil }
    return bytes
}
