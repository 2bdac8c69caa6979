// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes

/// What the buddy allocator has counted itself, in `struct zone`.
///
/// Source: include/linux/mmzone.h, Linux 6.1 and 6.12: `free_area[order].nr_free` blocks of 2^order
/// pages are in the lists of each zone of each node; it lies behind the lists' heads.
struct Zones {
    private let memory: KernelMemory
    /// Addresses of `pglist_data`.
    private let nodes: [UInt64]
    private let zonesOffset: UInt64
    private let zoneCountOffset: UInt64
    private let zoneSize: UInt64
    private let freeAreaOffset: UInt64
    private let freeAreaSize: UInt64
    private let countOffset: UInt64
    private let orderCount: UInt64

    /// `__MAX_NR_ZONES` is 6 at the most.
    private static let zoneLimit: UInt32 = 16

    init(_ info: VMCoreInfo, _ memory: KernelMemory) throws(FreePageError) {
        self.memory = memory
        let nodeSize = try info.required(size: "pglist_data", limit: 16 << 20)
        zonesOffset = try info.required(
            offset: "pglist_data.node_zones", width: 0, within: nodeSize)
        zoneCountOffset = try info.required(
            offset: "pglist_data.nr_zones", width: 4, within: nodeSize)
        zoneSize = try info.required(size: "zone", limit: 1 << 20)
        freeAreaSize = try info.required(size: "free_area", limit: 4096)
        orderCount = try info.required(length: "zone.free_area", limit: 32)
        freeAreaOffset = try info.required(
            offset: "zone.free_area", width: orderCount * freeAreaSize, within: zoneSize)
        let lists = try info.required(
            offset: "free_area.free_list", width: 0, within: freeAreaSize)
        countOffset =
            lists + (try info.required(length: "free_area.free_list", limit: 64))
            * (try info.required(size: "list_head", limit: 64))
        guard countOffset + 8 <= freeAreaSize else { throw .notTold("SIZE(free_area)") }
        nodes = try Self.nodes(info, memory)
    }

    private static func nodes(
        _ info: VMCoreInfo, _ memory: KernelMemory
    ) throws(FreePageError) -> [UInt64] {
        // Without NUMA there is one node.
        if let only = info.symbol("contig_page_data") { return [only] }
        let array = try info.required(symbol: "node_data")
        let count = try info.required(length: "node_data", limit: 1 << 16)
        var nodes: [UInt64] = []
        for index in 0..<count {
            let node = try memory.word(at: array &+ 8 * index)
            if node != 0 { nodes.append(node) }
        }
        return nodes
    }

    /// How many pages are free in all.
    func freePages() throws(FreePageError) -> UInt64 {
        var sum: UInt64 = 0
        for node in nodes {
            let field = node &+ zoneCountOffset
            guard let count: UInt32 = try memory.bytes(at: field, count: 4).integer(at: 0),
                count <= Self.zoneLimit
            else { throw .unreadable(field) }
            for zone in 0..<UInt64(count) {
                let areas = node &+ zonesOffset &+ zone * zoneSize &+ freeAreaOffset
                for order in 0..<orderCount {
                    let blocks = try memory.word(at: areas &+ order * freeAreaSize &+ countOffset)
                    // Nonsense will not be what the descriptors come to, wrapped or not.
                    sum &+= blocks << order
                }
            }
        }
        return sum
    }
}
