// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import SwapArea

/// Reads pages in one call, and checks that all of them came.
func readPages<E>(
    _ run: DeviceRun, _ readAt: (_ offset: UInt64, _ count: Int) throws(E) -> [UInt8]
) throws(SwsuspReadError<E>) -> [UInt8] {
    let size = Int(run.count) * PageFrame.size
    let bytes: [UInt8]
    do { bytes = try readAt(run.first.offset, size) } catch { throw .device(error) }
    guard bytes.count == size else {
        throw .image(
            .truncated(offset: run.first.offset, needed: size, available: bytes.count))
    }
    return bytes
}

/// The same of several extents, one after the other.
func readPages<E>(
    _ extents: [DeviceRun], _ readExtents: ([DeviceRun]) throws(E) -> [UInt8]
) throws(SwsuspReadError<E>) -> [UInt8] {
    let size = extents.reduce(0) { $0 + Int($1.count) * PageFrame.size }
    let bytes: [UInt8]
    do { bytes = try readExtents(extents) } catch { throw .device(error) }
    guard bytes.count == size else {
        throw .image(
            .truncated(
                offset: extents.first?.first.offset ?? 0, needed: size, available: bytes.count))
    }
    return bytes
}

func readEach<E>(
    of extents: [DeviceRun], _ readAt: (_ offset: UInt64, _ count: Int) throws(E) -> [UInt8]
) throws(E) -> [UInt8] {
    var bytes: [UInt8] = []
    for extent in extents {
        bytes += try readAt(extent.first.offset, Int(extent.count) * PageFrame.size)
    }
    return bytes
}

/// Does something that touches no device, among things that do.
func parsing<T, E>(
    _: E.Type, _ body: () throws(SwsuspError) -> T
) throws(SwsuspReadError<E>) -> T {
    do { return try body() } catch { throw .image(error) }
}
