// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import TestSupport
import Testing

@testable import Hibernation

#if arch(x86_64)
    /// A stock image that a machine of another architecture has written: of arm64, to a build for x86-64.
    @Suite struct OtherArchitectureTests {
        private static var image: [UInt8] {
            var bytes = stockFront()
            let info = 8192
            bytes.store([UInt8](repeating: 0, count: 104), at: info)
            bytes.store("#1 SMP Debian 6.1.176-1 (2026-07-02)".utf8, at: info)
            bytes.store(UInt64(0x4157_b000), at: info + 72)
            bytes.store(UInt64(0xffff_beb2_31a3_1a9c), at: info + 80)
            return bytes
        }

        @Test func itIsSaidAndLeftAlone() throws {
            let image = Self.image
            let restore = try RestoreMachine(image: image)
            restore.machine.change { $0.commandLine = "resume=/dev/sda2 kresume.retry=2" }
            _ = restore.resume {
                $0.location = nil
                $0.isUnattended = true
            }
            #expect(!restore.hasJumped)
            #expect(
                restore.recorded.contains(
                    "the image is of an arm64 machine, and this kresume is for x86-64"))
            #expect(restore.machine.script.deeds.last != "restart")
            #expect(restore.device.faults.count(.write) == 0)
            #expect(Array(restore.device.bytes[..<image.count]) == image)
        }
    }
#endif
