// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// systemd's EFI variable, written in a guest as systemd writes it.
enum HibernateLocationVariable {
    static let path =
        "/sys/firmware/efi/efivars/HibernateLocation-8cf2644b-4b0b-428f-9387-6d876050dc67"

    /// Lets it name the swap area on `device`, as a system of this ID would.
    ///
    /// - Returns: the swap area's UUID.
    static func set(
        in machine: Machine, to device: String, system: String = "test"
    ) throws -> String {
        let uuid = try machine.run(
            """
            od -An -v -tx1 -j 1036 -N 16 \(device) | tr -d ' ' \\
                | sed 's/\\(.\\{8\\}\\)\\(....\\)\\(....\\)\\(....\\)/\\1-\\2-\\3-\\4-/'
            """
        ).output
        let json =
            "{\"uuid\":\"\(uuid)\",\"offset\":0,\"kernelVersion\":\"6.1\",\"osReleaseId\":\"\(system)\"}\0"
        let bytes: [UInt8] =
            [7, 0, 0, 0] + Array(json.utf16).flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        let text = Data(bytes).base64EncodedString()
        // The firmware takes it in one write.
        try machine.expect(
            """
            echo \(text) | base64 -d >/tmp/variable && \\
                dd if=/tmp/variable of=\(path) bs=4k 2>/dev/null
            """)
        return uuid
    }
}
