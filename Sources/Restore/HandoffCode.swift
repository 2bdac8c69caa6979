// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import CHandoff
import PhysicalMemory
import Placement

/// The hand-off's machine code, which this program has for its own architecture only.
package enum HandoffCode {
    /// The hand-off must end at or below this frame.
    static var frameLimit: PageFrame {
        switch Architecture.here {
        // It changes the paging depth in 32-bit mode: below 4 GiB.
        case .x86: PageFrame(1 << 20)
        case .arm64: .limit
        }
    }

    /// A page: the code with its parameters filled in.
    ///
    /// - Parameter debugPort: x86-64's; see ``bytes(for:to:debugPort:afterPanic:)``.
    static func bytes(
        for block: HandoffBlock, to target: JumpTarget, debugPort: UInt16
    ) throws(RestoreError) -> [UInt8] {
        switch target {
        #if arch(x86_64)
            case .x86(let target): return bytes(for: block, to: target, debugPort: debugPort)
            case .arm64: throw .otherArchitecture(.arm64)
        #elseif arch(arm64)
            case .arm64(let target): return bytes(for: block, to: target)
            case .x86: throw .otherArchitecture(.x86)
        #endif
        }
    }

    /// - Parameter parameters: of this architecture.
    private static func code(_ parameters: kresume_handoff) -> [UInt8] {
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

#if arch(x86_64)
    extension HandoffCode {
        /// Where in the code the address is that it jumps to, 8 bytes.
        static var entryOffset: Int {
            kresume_handoff_parameters_offset() + Int(HANDOFF_ENTRY)
        }

        /// - Parameters:
        ///   - debugPort: gets a letter at each stage; 0: none.
        ///   - afterPanic: the kernel that leads here has panicked, and shut no device down.
        static func bytes(
            for block: HandoffBlock, to target: X86JumpTarget, debugPort: UInt16,
            afterPanic: Bool = false
        ) -> [UInt8] {
            let la57: UInt32 = 1 << 12
            return code(
                kresume_handoff(
                    top_table_4: block.topTable4.rawValue,
                    top_table_5: block.topTable5?.rawValue ?? 0,
                    list: block.listAddress.rawValue,
                    entry: target.entry, r8: target.r8, r9: target.r9,
                    cr4_la57: target.pagingDepth == .five ? la57 : 0,
                    debug_port: UInt32(debugPort),
                    flags: afterPanic ? UInt32(HANDOFF_AFTER_PANIC) : 0, reserved: 0))
        }
    }
#elseif arch(arm64)
    extension HandoffCode {
        private static func bytes(
            for block: HandoffBlock, to target: ARM64JumpTarget
        ) -> [UInt8] {
            code(
                kresume_handoff(
                    top_table: block.topTable4.rawValue, list: block.listAddress.rawValue,
                    entry: target.entry, tables: target.tables.rawValue,
                    t1sz: 64 - target.addressBits, affinity: target.affinity))
        }
    }
#endif
