// SPDX-License-Identifier: GPL-2.0-or-later

/// What systemd's EFI variable HibernateLocation tells: where the machine was hibernated to, and by
/// which system.
///
/// Source: `write_efi_hibernate_location`, src/sleep/sleep.c, systemd 254.
package struct HibernateLocation: Hashable, Sendable {
    /// Of the swap area, or of the file system that the swap file is in; lower case, with hyphens.
    package var uuid: String
    /// Where on that device the image begins, in pages, as in `resume_offset=`.
    package var offsetPages: UInt64
    /// `uname -r`. Another kernel may resume the image.
    package var kernelVersion: String?
    /// ID of os-release(5).
    package var osReleaseID: String?
    /// IMAGE_ID of os-release(5).
    package var osReleaseImageID: String?

    package init(
        uuid: String, offsetPages: UInt64, kernelVersion: String?, osReleaseID: String?,
        osReleaseImageID: String?
    ) {
        self.uuid = uuid
        self.offsetPages = offsetPages
        self.kernelVersion = kernelVersion
        self.osReleaseID = osReleaseID
        self.osReleaseImageID = osReleaseImageID
    }

    /// The variable's name, with the vendor's GUID, as efivarfs has it.
    package static let variableName = "HibernateLocation-8cf2644b-4b0b-428f-9387-6d876050dc67"
    /// In bytes: more than systemd can have to say.
    package static let sizeLimit = 4096
}
