// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import PhysicalMemory

/// Calls `body` with bytes of physical memory where they lie; false where they cannot be had.
package typealias PhysicalView = (
    _ address: PhysicalAddress, _ count: Int, _ body: (UnsafeRawBufferPointer) -> Void
) -> Bool

/// The virtual memory of a kernel that does not run, through its own page tables.
final class KernelMemory {
    typealias Read = (_ address: PhysicalAddress, _ count: Int) -> [UInt8]?

    /// `__START_KERNEL_map`, arch/x86/include/asm/page_64_types.h, Linux 6.12.
    private static let kernelMap: UInt64 = 0xffff_ffff_8000_0000

    private let tables: X86PageTables
    private let read: Read
    private let view: PhysicalView?
    /// Some of those that were walked through, at most ``tableLimit``.
    private var tablePages: [PageFrame: [UInt8]] = [:]
    private static let tableLimit = 256
    private let isNotingTouched: Bool
    /// What was read or looked up, and the page tables on the way to it, where that is noted.
    private(set) var touched: [FrameRange] = []

    /// - Parameters:
    ///   - read: gives bytes of physical memory, or nil where it has none.
    ///   - view: the same, in place.
    init(
        _ info: VMCoreInfo, notingTouched: Bool = false, read: @escaping Read,
        view: PhysicalView? = nil
    ) throws(FreePageError) {
        isNotingTouched = notingTouched
        // Physical addresses in page tables would carry the encryption bit.
        if try info.required(number: "sme_mask") != 0 { throw .encryptedMemory }
        let physicalBase = UInt64(bitPattern: try info.required(number: "phys_base"))
        let root = try info.required(symbol: "swapper_pg_dir") &- Self.kernelMap &+ physicalBase
        let hasFiveLevels = try info.required(number: "pgtable_l5_enabled") != 0
        tables = X86PageTables(
            root: PhysicalAddress(root).frame, depth: hasFiveLevels ? .five : .four)
        self.read = read
        self.view = view
    }

    func bytes(at address: UInt64, count: Int) throws(FreePageError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        while result.count < count {
            let next = address &+ UInt64(result.count)
            let (physical, size) = try locate(next, limit: count - result.count)
            guard let part = read(physical, size) else { throw .unreadable(next) }
            result += part
        }
        return result
    }

    /// Calls `body` with the bytes from `address` on, ascending, in pieces of whole units.
    ///
    /// - Parameter unit: divides `count`. The bytes are copied where it does not divide a page.
    func forEachPiece(
        at address: UInt64, count: Int, unit: Int,
        _ body: (UnsafeRawBufferPointer) throws(FreePageError) -> Void
    ) throws(FreePageError) {
        guard let view, PageFrame.size % unit == 0, address % UInt64(unit) == 0 else {
            let bytes = try bytes(at: address, count: count)
            var failure: FreePageError?
            bytes.withUnsafeBytes { bytes in
                do throws(FreePageError) { try body(bytes) } catch { failure = error }
            }
            if let failure { throw failure }
            return
        }
        var done = 0
        while done < count {
            let next = address &+ UInt64(done)
            let (physical, size) = try locate(next, limit: count - done)
            var failure: FreePageError?
            let isThere = view(physical, size) { bytes in
                do throws(FreePageError) { try body(bytes) } catch { failure = error }
            }
            if let failure { throw failure }
            guard isThere else { throw .unreadable(next) }
            done += size
        }
    }

    /// As if they were read.
    func touch(_ address: UInt64, count: Int) throws(FreePageError) {
        var done = 0
        while done < count {
            done += try locate(address &+ UInt64(done), limit: count - done).size
        }
    }

    /// Where `address` lies, and how many bytes follow it there, at most `limit`.
    private func locate(
        _ address: UInt64, limit: Int
    ) throws(FreePageError) -> (PhysicalAddress, size: Int) {
        guard
            case .mapped(let physical, let pageSize) = tables.walk(
                address, to: .read, page: table)
        else { throw .unreadable(address) }
        let size = min(limit, Int(pageSize - address & (pageSize - 1)))
        guard let last = physical.advanced(by: UInt64(size) - 1), last.frame < PageFrame.limit
        else { throw .unreadable(address) }
        if isNotingTouched { touched.append(FrameRange(physical.frame, last.frame + 1)) }
        return (physical, size)
    }

    func word(at address: UInt64) throws(FreePageError) -> UInt64 {
        guard let word: UInt64 = try bytes(at: address, count: 8).integer(at: 0) else {
            throw .unreadable(address)
        }
        return word
    }

    private func table(_ frame: PageFrame) -> [UInt8]? {
        if let page = tablePages[frame] { return page }
        guard frame < PageFrame.limit else { return nil }
        if isNotingTouched { touched.append(FrameRange(frame, count: 1)) }
        let page = read(frame.address, PageFrame.size)
        // Whoever goes through memory comes back to none but the last ones.
        if tablePages.count >= Self.tableLimit { tablePages = [:] }
        tablePages[frame] = page
        return page
    }
}

extension VMCoreInfo {
    func required(number name: String) throws(FreePageError) -> Int64 {
        guard let value = number(name) else { throw .notTold("NUMBER(\(name))") }
        return value
    }

    func required(symbol name: String) throws(FreePageError) -> UInt64 {
        guard let value = symbol(name) else { throw .notTold("SYMBOL(\(name))") }
        return value
    }

    /// Of a type, in bytes; not 0, and not more than `limit`.
    func required(size type: String, limit: UInt64) throws(FreePageError) -> UInt64 {
        guard let value = size(type), (1...limit).contains(value) else {
            throw .notTold("SIZE(\(type))")
        }
        return value
    }

    /// In bytes. The member is `width` bytes wide and must lie within `size`.
    func required(
        offset member: String, width: UInt64, within size: UInt64
    ) throws(FreePageError) -> UInt64 {
        guard let value = offset(member), value <= size, width <= size - value else {
            throw .notTold("OFFSET(\(member))")
        }
        return value
    }

    /// Of an array; not 0, and not more than `limit`.
    func required(length name: String, limit: UInt64) throws(FreePageError) -> UInt64 {
        guard let value = length(name), (1...limit).contains(value) else {
            throw .notTold("LENGTH(\(name))")
        }
        return value
    }
}
