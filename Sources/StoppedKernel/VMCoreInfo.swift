// SPDX-License-Identifier: GPL-2.0-or-later

import ELFCore
import Explanation

/// What a kernel says of its own layout: the text of the note VMCOREINFO.
///
/// One `KEY=VALUE` a line. Source: kernel/vmcore_info.c and arch/x86/kernel/vmcore_info_64.c,
/// Linux 6.12; the keys are explained in Documentation/admin-guide/kdump/vmcoreinfo.rst.
package struct VMCoreInfo: Hashable, Sendable {
    private var values: [String: String] = [:]

    package static let noteName = "VMCOREINFO"

    /// The note itself among those of a core.
    package static func note(in notes: [ELFNote]) throws(CoreDumpError) -> ELFNote {
        guard let note = notes.first(where: { $0.name == noteName }) else { throw .noVMCoreInfo }
        return note
    }

    /// Reads the descriptor of the note. Lines without a `=` are passed over.
    package init(parsing descriptor: [UInt8]) {
        for line in descriptor.prefix(while: { $0 != 0 }).split(separator: UInt8(ascii: "\n")) {
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let key = String(decoding: line[..<equals], as: UTF8.self)
            values[key] = String(decoding: line[(equals + 1)...], as: UTF8.self)
        }
    }

    package subscript(key: String) -> String? { values[key] }

    /// In bytes.
    package var pageSize: UInt64? { values["PAGESIZE"].flatMap { UInt64($0) } }

    /// By how much KASLR moved the kernel's virtual addresses, in bytes.
    package var kernelOffset: UInt64? { hexadecimal("KERNELOFFSET") }

    /// The virtual address of a symbol.
    package func symbol(_ name: String) -> UInt64? { hexadecimal("SYMBOL(\(name))") }

    /// The size of a type in bytes.
    package func size(_ type: String) -> UInt64? { values["SIZE(\(type))"].flatMap { UInt64($0) } }

    /// The offset of a member, "page.flags", in bytes.
    package func offset(_ member: String) -> UInt64? {
        values["OFFSET(\(member))"].flatMap { UInt64($0) }
    }

    /// The number of elements of an array.
    package func length(_ name: String) -> UInt64? {
        values["LENGTH(\(name))"].flatMap { UInt64($0) }
    }

    /// A constant or a variable's value, which may be negative.
    package func number(_ name: String) -> Int64? {
        values["NUMBER(\(name))"].flatMap { Int64($0) }
    }

    private func hexadecimal(_ key: String) -> UInt64? {
        values[key].flatMap { UInt64($0, radix: 16) }
    }
}
