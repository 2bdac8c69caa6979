// SPDX-License-Identifier: GPL-2.0-or-later

import CHandoff
import PhysicalMemory
import Placement

/// Where the hand-off leads, and what the CPU must look like there.
package struct JumpTarget: Sendable {
    /// Under the hand-off's identity map.
    package var entry: UInt64
    /// The hand-off changes CR4.LA57 where the restore kernel's differs.
    package var pagingDepth: PagingDepth
    package var r8: UInt64
    package var r9: UInt64

    package init(
        entry: UInt64, pagingDepth: PagingDepth, r8: UInt64 = 0, r9: UInt64 = 0
    ) {
        self.entry = entry
        self.pagingDepth = pagingDepth
        self.r8 = r8
        self.r9 = r9
    }
}

package enum HandoffCode {
    /// Where in the code the address is that it jumps to, 8 bytes.
    package static var entryOffset: Int {
        kresume_handoff_parameters_offset() + Int(HANDOFF_ENTRY)
    }

    /// A page: the hand-off code with the parameters for this block filled in.
    ///
    /// - Parameter afterPanic: the kernel that leads here has panicked, and shut no device down.
    package static func bytes(
        for block: HandoffBlock, to target: JumpTarget, debugPort: UInt16, afterPanic: Bool = false
    ) -> [UInt8] {
        let la57: UInt32 = 1 << 12
        let parameters = kresume_handoff(
            top_table_4: block.topTable4.rawValue,
            top_table_5: block.topTable5.rawValue,
            list: block.listAddress.rawValue,
            entry: target.entry, r8: target.r8, r9: target.r9,
            cr4_la57: target.pagingDepth == .five ? la57 : 0,
            debug_port: UInt32(debugPort), flags: afterPanic ? UInt32(HANDOFF_AFTER_PANIC) : 0,
            reserved: 0)
        let code = UnsafeRawBufferPointer(
            start: kresume_handoff_code(), count: kresume_handoff_size())
        var bytes = Array(code)
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(
                of: parameters, toByteOffset: kresume_handoff_parameters_offset(),
                as: kresume_handoff.self)
        }
        return bytes
    }
}
