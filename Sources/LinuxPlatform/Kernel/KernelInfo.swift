// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Glibc
import PhysicalMemory
import SystemPackage

/// Which kernel runs.
package struct KernelInfo: Hashable, Sendable {
    /// `uname -r`.
    package var release: String
    /// `uname -v`: build number, options and date.
    package var version: String
    /// `uname -m`.
    package var machine: String
    /// `uname -n`.
    package var nodeName: String

    package init(
        release: String, version: String, machine: String, nodeName: String
    ) {
        self.release = release
        self.version = version
        self.machine = machine
        self.nodeName = nodeName
    }

    /// The corresponding C function is `uname`.
    package static func running() throws(PlatformError) -> KernelInfo {
        var name = utsname()
        try systemCall(.uname) { uname(&name) }
        return KernelInfo(
            release: text(name.release), version: text(name.version), machine: text(name.machine),
            nodeName: text(name.nodename))
    }

    private static func text<Field>(_ field: Field) -> String {
        withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The command line that this kernel was started with.
    package static func commandLine() throws(PlatformError) -> String {
        try SystemFile.line("/proc/cmdline")
    }

    /// How deep this kernel's page tables are.
    ///
    /// The kernel takes la57 off the flags when it does not use it: `early_identify_cpu`,
    /// arch/x86/kernel/cpu/common.c, Linux 6.12.
    package static func pagingDepth() throws(PlatformError) -> PagingDepth {
        // The first CPU's lines suffice.
        let bytes = try SystemFile.prefix("/proc/cpuinfo", count: 16 << 10)
        return pagingDepth(cpuinfo: String(decoding: bytes, as: UTF8.self))
    }

    static func pagingDepth(cpuinfo text: String) -> PagingDepth {
        let flags = text.split(separator: "\n").first { $0.hasPrefix("flags") }
        return flags?.split(separator: " ").contains("la57") == true ? .five : .four
    }

    /// /proc/iomem, all of it.
    package static func resources() throws(PlatformError) -> [IOMemoryResource] {
        IOMemoryResource.parse(iomem: try SystemFile.text("/proc/iomem"))
    }
}
