// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// Which system was hibernated: for people, compared with nothing.
package struct SystemDescription: Hashable, Sendable {
    /// `release` of uname(2): `6.12.117`.
    package var kernelRelease: String
    /// `version` of uname(2), the build string: `#1 SMP PREEMPT_DYNAMIC …`.
    package var kernelVersion: String
    /// `machine` of uname(2): `x86_64`.
    package var machine: String
    /// `nodename` of uname(2).
    package var hostName: String

    package init(kernelRelease: String, kernelVersion: String, machine: String, hostName: String) {
        self.kernelRelease = kernelRelease
        self.kernelVersion = kernelVersion
        self.machine = machine
        self.hostName = hostName
    }
}

extension SystemDescription {
    /// What follows the host name is passed over.
    init(parsing reader: inout ImageReader) throws(ImageError) {
        kernelRelease = try Self.text(&reader)
        kernelVersion = try Self.text(&reader)
        machine = try Self.text(&reader)
        hostName = try Self.text(&reader)
    }

    func serialised() throws(ImageError) -> [UInt8] {
        var writer = ByteWriter()
        for string in [kernelRelease, kernelVersion, machine, hostName] {
            let bytes = Array(string.utf8)
            guard isText(bytes) else { throw .text(.system, offset: UInt64(writer.bytes.count)) }
            writer.append(UInt16(bytes.count))
            writer.append(bytes)
        }
        return writer.bytes
    }

    private static func text(_ reader: inout ImageReader) throws(ImageError) -> String {
        let offset = reader.offset
        let count = Int(try reader.u16())
        guard let string = KresumeImage.text(try reader.bytes(count)) else {
            throw .text(.system, offset: offset)
        }
        return string
    }
}
