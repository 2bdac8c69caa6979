// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import CHandoff
import PhysicalMemory
import Placement

#if arch(x86_64)
    /// The machine code that it takes to leave a kernel for a while. Linux can be jumped back into on x86-64
    /// only (CONFIG_KEXEC_JUMP): whoever has a value of this type was built for that.
    package struct KexecJumpCode: Sendable {
        private init() {}

        package static func required() throws(RestoreError) -> KexecJumpCode { KexecJumpCode() }

        /// What runs between A and the saver kernel.
        package var purgatory: [UInt8] {
            Array(
                UnsafeRawBufferPointer(
                    start: kresume_purgatory_bytes(), count: kresume_purgatory_size()))
        }

        /// The saver kernel's first process.
        package var panicGuard: [UInt8] {
            Array(UnsafeRawBufferPointer(start: kresume_guard_bytes(), count: kresume_guard_size()))
        }

        /// Where in the way back the address is that it leads to, 8 bytes.
        package var entryOffset: Int { HandoffCode.entryOffset }

        /// The way back: the hand-off with its parameters. See ``WayBackBlock``.
        func wayBack(
            _ block: HandoffBlock, to target: X86JumpTarget, debugPort: UInt16, afterPanic: Bool
        ) -> [UInt8] {
            HandoffCode.bytes(
                for: block, to: target, debugPort: debugPort, afterPanic: afterPanic)
        }
    }
#else
    /// Of which this architecture has none: Linux can be jumped back into on x86-64 only.
    package struct KexecJumpCode: Sendable {
        /// There is no value.
        private let none: Never

        package static func required() throws(RestoreError) -> KexecJumpCode {
            throw .noKexecJump(.here)
        }

        package var purgatory: [UInt8] { switch none {} }
        package var panicGuard: [UInt8] { switch none {} }
        package var entryOffset: Int { switch none {} }

        func wayBack(
            _ block: HandoffBlock, to target: X86JumpTarget, debugPort: UInt16, afterPanic: Bool
        ) -> [UInt8] { switch none {} }
    }
#endif
