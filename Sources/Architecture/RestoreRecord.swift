// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory

/// How the kernel in a stock image is entered: what an architecture lays over the beginning of the info
/// page, where others would have the kernel's name.
///
/// Source: `arch_hibernation_header_save` of arch/x86/power/hibernate.c and
/// arch/arm64/kernel/hibernate.c; `init_header`, kernel/power/snapshot.c; Linux 6.12.
package enum RestoreRecord: Hashable, Sendable {
    case x86(X86RestoreRecord)
    case arm64(ARM64RestoreRecord)

    /// Reads the beginning of the info page, of which nothing says whose it is: x86-64 has a magic number
    /// in the middle, and arm64 a text, in which those bytes cannot be.
    package init(parsing page: RawSpan) throws(RestoreRecordError) {
        if X86RestoreRecord.isRecognised(in: page) {
            self = .x86(try X86RestoreRecord(parsing: page))
        } else if let version = ARM64RestoreRecord.version(in: page) {
            self = .arm64(try ARM64RestoreRecord(parsing: page, version: version))
        } else {
            throw .unknown(magic: X86RestoreRecord.magic(in: page))
        }
    }

    package var architecture: Architecture {
        switch self {
        case .x86: .x86
        case .arm64: .arm64
        }
    }

    /// The virtual address at which its kernel is entered.
    package var jumpAddress: UInt64 {
        switch self {
        case .x86(let record): record.jumpAddress
        case .arm64(let record): record.jumpAddress
        }
    }

    /// The top of its kernel's own page tables.
    package var pageTableRoot: PhysicalAddress {
        switch self {
        case .x86(let record): record.cr3
        case .arm64(let record): record.tables
        }
    }

    /// Frames that its kernel needs on its first steps: an image without their contents is none.
    package var firstFrames: [PageFrame] {
        switch self {
        case .x86(let record): [record.physicalJumpAddress.frame, record.cr3.frame]
        case .arm64(let record): [record.tables.frame]
        }
    }

    /// How many levels the image's page tables have, which it does not say: the one number with which they
    /// lead to where its kernel is entered. Also the last check of a loaded image.
    ///
    /// - Parameter page: gives the contents of a frame as loaded, or nil for one that is not in the image.
    package func pagingLevels(
        page: (PageFrame) -> [UInt8]?
    ) throws(RestoreRecordError) -> UInt32 {
        switch self {
        case .x86(let record): try record.pagingDepth(page: page).rawValue
        case .arm64(let record): try record.pagingDepth(page: page).rawValue
        }
    }

    /// Under which the hand-off runs and the kernel is entered.
    package func identityMap(of memory: FrameSet) -> IdentityMap {
        switch self {
        case .x86(let record): record.identityMap(of: memory)
        case .arm64: IdentityMap(mapping: memory, for: .arm64)
        }
    }

    /// Where to jump, when all pages are in their places.
    ///
    /// - Parameter page: see ``pagingLevels(page:)``.
    package func target(
        page: (PageFrame) -> [UInt8]?
    ) throws(RestoreRecordError) -> JumpTarget {
        switch self {
        case .x86(let record): .x86(try record.target(page: page))
        case .arm64(let record): .arm64(try record.target(page: page))
        }
    }
}
