// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SwapArea
import SwsuspImage
import SystemPackage
import Transfer

/// `kresume discard`: the area is plain swap again, or whatever it was.
package struct DiscardImage {
    private let machine: any Machine
    private let report: Report

    package init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    /// Returns false where there was no image.
    package func run(_ location: ImageLocation) throws -> Bool {
        let (path, offset) = try location.resolve(on: machine)
        // Asked before: the contents of the device say whether it is this one.
        let variable = LocationVariable(machine, report)
        let isNamed = variable.contents(naming: path, offset: offset) != nil
        let isDiscarded = try discard(path, offset)
        if isNamed { variable.clear() }
        return isDiscarded
    }

    private func discard(_ path: FilePath, _ offset: UInt64) throws -> Bool {
        let area = try ImageArea.claim(path, offset: offset, on: machine)
        guard area.size > 0 else { return false }
        let page = try area.signaturePage()
        switch page.kind {
        case .image:
            let id = try Self.header(in: area)?.id
            try Self.discardOurs(in: area)
            if let id { NewestImage(machine, report).forget(id) }
        case .swsusp:
            // A damaged one was swap: the kernel writes to nothing else.
            let header = try? SwsuspHeader(parsing: page)
            try area.commit([(header?.pageWithoutImage ?? page.withSignature(.swap)).write])
        case .uswsusp, .tuxOnIce:
            throw ResumeError.foreignImage(
                FoundImage(
                    path: path, offset: offset, kind: page.kind == .uswsusp ? .uswsusp : .tuxOnIce,
                    time: machine.time()))
        case .swap, .oldSwap, .unknown: return false
        }
        report.note("discarded the image on \(path)")
        return true
    }

    /// A damaged image too. Its header may not say any more what was there before it: then an
    /// area with a swap header becomes swap, and another one loses its signature only.
    static func discardOurs(in area: ImageArea) throws {
        guard area.size > 0 else { return }
        let page = try pageWithoutOurs(in: area)
        guard try area.signaturePage() != page else { return }
        try area.commit([page.write])
        try area.commit([ImageHeader.erasure])
    }

    /// Page 0 as it is when an image of ours is discarded.
    static func pageWithoutOurs(in area: ImageArea) throws -> SignaturePage {
        let page = try area.signaturePage()
        guard page.kind == .image else { return page }
        let before =
            try header(in: area)?.originalSignature
            ?? (page.swapAreaPages == nil ? Signature.none : .swap)
        return page.withSignature(before)
    }

    /// Nil where it is damaged.
    private static func header(in area: ImageArea) throws -> ImageHeader? {
        let bytes = try area.readAt(UInt64(PageFrame.size), PageFrame.size)
        do { return try ImageHeader(parsing: bytes) } catch { return nil }
    }
}
