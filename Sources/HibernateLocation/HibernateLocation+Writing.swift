// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation

extension HibernateLocation {
    /// The variable as efivarfs takes it: four bytes of attributes, then JSON in little-endian
    /// UTF-16, to a zero.
    ///
    /// The attributes: kept while the machine is off, visible to boot loaders and to kernels (UEFI
    /// 2.10, section 8.2). Source: `efi_set_variable`, src/basic/efivars.c, systemd 254.
    package var bytes: [UInt8] {
        var members = ["\"uuid\":\(jsonQuoted(uuid))", "\"offset\":\(offsetPages)"]
        let texts = [
            ("kernelVersion", kernelVersion), ("osReleaseId", osReleaseID),
            ("osReleaseImageId", osReleaseImageID),
        ]
        for case (let name, let text?) in texts {
            members.append("\"\(name)\":\(jsonQuoted(text))")
        }
        let text = "{\(members.joined(separator: ","))}"
        let units = Array(text.utf16) + [0]
        return [7, 0, 0, 0]
            + units.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }
}
