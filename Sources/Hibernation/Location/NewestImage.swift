// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform

/// The id of the newest sealed image, which the firmware remembers while the machine is off, so that an
/// older one that was put back is noticed: who can write the disk cannot write there.
///
/// The image says, where nobody can change it, whether the firmware was told.
struct NewestImage {
    let variable: FirmwareVariable

    /// The GUID is kresume's own.
    static let variableName = "KresumeImage-58349a2f-a867-488d-9273-923144d69121"
    /// Kept while the machine is off, visible to boot loaders and to kernels (UEFI 2.10, section 8.2).
    private static let attributes: [UInt8] = [7, 0, 0, 0]
    private static let idSize = 16

    /// What such an image says. Other values are other places that may remember it.
    static let fact = KresumeImage.Invariants.Fact("rollback", "efi")

    init(_ machine: any Machine, _ report: Report) {
        variable = FirmwareVariable(
            name: Self.variableName, limit: Self.attributes.count + Self.idSize, machine: machine,
            report: report)
    }

    /// - Returns: whether the firmware knows it now.
    func remember(_ id: ImageID) -> Bool {
        guard variable.machine.exists(EFIVariable.directory) else { return false }
        return variable.set(Self.attributes + id.bytes)
    }

    /// With the attributes; nil where there is none, or it cannot be read.
    var contents: [UInt8]? { try? variable.bytes() }

    private func names(_ id: ImageID) -> Bool {
        contents.map { Array($0.dropFirst(Self.attributes.count)) } == id.bytes
    }

    /// Whether an image may be the newest one, by all that is known.
    func admits(_ id: ImageID, saying facts: [KresumeImage.Invariants.Fact]) -> Bool {
        if names(id) { return true }
        return contents == nil && !facts.contains { $0.category == Self.fact.category }
    }

    /// If it is this one.
    func forget(_ id: ImageID) { if names(id) { variable.clear() } }
}
