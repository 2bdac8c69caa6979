// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage

/// Free pages that the page allocator keeps for the next allocations of single CPUs (struct per_cpu_pages,
/// mm/page_alloc.c, Linux 6.12). Nobody can tell them from pages in use. A CPU that is taken down gives
/// them back.
enum PageLists {
    private static let file: FilePath = "/proc/zoneinfo"

    /// - Parameter cpu: the number of one; nil: of all together.
    static func pageCount(of cpu: Int? = nil) throws(PlatformError) -> Int {
        pageCount(of: cpu, zoneinfo: try SystemFile.text(file))
    }

    /// Source: `zoneinfo_show_print`, mm/vmstat.c, Linux 6.12: in each zone, for each CPU, a line
    /// `cpu: N` and behind it a line `count: PAGES`.
    static func pageCount(of cpu: Int?, zoneinfo text: String) -> Int {
        var sum = 0
        var counts = false
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count == 2 else { continue }
            if fields[0] == "cpu:" { counts = cpu == nil || fields[1] == "\(cpu ?? 0)" }
            if counts, fields[0] == "count:" { sum += Int(UInt32(fields[1]) ?? 0) }
        }
        return sum
    }
}
