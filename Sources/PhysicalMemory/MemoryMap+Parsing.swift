// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation

extension MemoryType {
    /// The type that the kernel's word stands for, in /sys/firmware/memmap/N/type.
    ///
    /// Source: `e820_type_to_string`, arch/x86/kernel/e820.c, Linux 6.12.
    package init?(kernelName name: some StringProtocol) {
        let known: [MemoryType] = [
            .ram, .reserved, .acpi, .acpiNonVolatile, .unusable, .persistent, .persistentLegacy,
            .softReserved,
        ]
        guard let type = known.first(where: { $0.description == name }) else { return nil }
        self = type
    }
}

extension MemoryMap.Entry {
    /// One directory of /sys/firmware/memmap: the texts of `start`, `end` (last byte included)
    /// and `type`, a line feed at the end of each. Nil where one of them is not as the kernel
    /// writes it.
    package init?(start: String, end: String, type: String) {
        guard let first = hexadecimal(start.trimmed), let last = hexadecimal(end.trimmed),
            first <= last, last < UInt64.max, let type = MemoryType(kernelName: type.trimmed)
        else { return nil }
        self.init(PhysicalRange(PhysicalAddress(first), PhysicalAddress(last + 1)), type)
    }
}

/// One line of /proc/iomem: what claims which physical range, and how deep it is nested.
package struct IOMemoryResource: Hashable, Sendable {
    package var range: PhysicalRange
    package var name: String
    /// 0 for a top-level resource.
    package var depth: Int

    package init(range: PhysicalRange, name: String, depth: Int) {
        self.range = range
        self.name = name
        self.depth = depth
    }

    /// Reads the whole file. Lines that are not resources are passed over: the kernel writes none.
    /// To a reader without CAP_SYS_ADMIN the kernel shows every address as 0.
    package static func parse(iomem text: String) -> [IOMemoryResource] {
        text.split(separator: "\n").compactMap { line in
            let indent = line.prefix { $0 == " " }.count
            let body = line.dropFirst(indent)
            guard let dash = body.firstIndex(of: "-"), let colon = body.firstIndex(of: ":"),
                dash < colon,
                let first = UInt64(body[..<dash], radix: 16),
                let last = UInt64(body[body.index(after: dash)..<colon].trimmed, radix: 16),
                first <= last, last < UInt64.max
            else { return nil }
            return IOMemoryResource(
                range: PhysicalRange(PhysicalAddress(first), PhysicalAddress(last + 1)),
                name: body[body.index(after: colon)...].trimmed, depth: indent / 2)
        }
    }
}

extension MemoryMap {
    /// The RAM that a kernel shows in /proc/iomem: on arm64 all that the firmware, by device tree or EFI, lets
    /// it map, its own code included (`request_standard_resources`, arch/arm64/kernel/setup.c, Linux 6.1 and
    /// 6.12).
    package init(ramOf resources: [IOMemoryResource]) {
        self.init(
            resources.filter { $0.depth == 0 && $0.name == "\(MemoryType.ram)" }
                .map { Entry($0.range, .ram) })
    }
}

private func hexadecimal(_ text: String) -> UInt64? {
    text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : nil
}

extension StringProtocol {
    /// Without the spaces and line feeds around it.
    fileprivate var trimmed: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\n" }
        let head = drop(while: isBlank)
        guard let last = head.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(head[...last])
    }
}
