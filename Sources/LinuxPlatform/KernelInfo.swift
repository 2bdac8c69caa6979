// SPDX-License-Identifier: GPL-2.0-or-later

import Glibc
public import PhysicalMemory
import SystemPackage

/// Which kernel runs.
public struct KernelInfo: Hashable, Sendable {
    /// `uname -r`.
    public var release: String
    /// `uname -v`: build number, options and date.
    public var version: String
    /// `uname -m`.
    public var machine: String
    /// `uname -n`.
    public var nodeName: String

    /// The corresponding C function is `uname`.
    public static func running() throws(PlatformError) -> KernelInfo {
        var name = utsname()
        try systemCall("uname") { uname(&name) }
        return KernelInfo(
            release: text(name.release), version: text(name.version), machine: text(name.machine),
            nodeName: text(name.nodename))
    }

    private static func text<Field>(_ field: Field) -> String {
        withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The command line that this kernel was started with.
    public static func commandLine() throws(PlatformError) -> String {
        try SystemFile.line("/proc/cmdline")
    }

    /// 5 where this kernel pages with 5 levels, else 4.
    ///
    /// The kernel takes la57 off the flags when it does not use it: `early_identify_cpu`,
    /// arch/x86/kernel/cpu/common.c, Linux 6.12.
    public static func pagingLevels() throws(PlatformError) -> Int {
        // The first CPU's lines suffice.
        let bytes = try SystemFile.prefix("/proc/cpuinfo", count: 16 << 10)
        return pagingLevels(cpuinfo: String(decoding: bytes, as: UTF8.self))
    }

    static func pagingLevels(cpuinfo text: String) -> Int {
        let flags = text.split(separator: "\n").first { $0.hasPrefix("flags") }
        return flags?.split(separator: " ").contains("la57") == true ? 5 : 4
    }

    /// /proc/iomem, all of it.
    public static func resources() throws(PlatformError) -> [IOMemoryResource] {
        IOMemoryResource.parse(iomem: try SystemFile.text("/proc/iomem"))
    }
}
