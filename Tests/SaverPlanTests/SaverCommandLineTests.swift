// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import PhysicalMemory
import Testing

@testable import SaverPlan

@Suite struct SaverCommandLineTests {
    private func text(_ line: SaverCommandLine) -> String {
        String(decoding: line.bytes.dropLast(), as: UTF8.self)
    }

    /// Drivers that would take the memory away.
    private let balloons = """
        virtio_balloon,hv_balloon,vmw_balloon \
        initcall_blacklist=virtio_balloon_driver_init,init_balloon_drv,vmballoon_init
        """

    @Test func optionsOfAsSystemAreDropped() throws {
        let original = KernelCommandLine(
            parsing: """
                BOOT_IMAGE=/vmlinuz root="LABEL=a b" ro console=ttyS0,115200 earlycon=uart8250 \
                intel_iommu=on acpi=force pci=nomsi libata.force=noncq nvme_core.io_timeout=255 \
                resume=/dev/vda resume-offset=12 resumedelay=3 resume_x noresume crashkernel=256M \
                rdinit=/init init=/sbin/init mem=2G hugepages=100 nokaslr kaslr rootish=1 \
                nowatchdog module_blacklist=nouveau nosoftlockup kresume.debug elfcorehdr=0x1 kexec_jump_back_entry=0x2 quiet -- single
                """)
        let line = try SaverCommandLine(
            from: original, adding: KernelCommandLine(parsing: "kresume.save=7 maxcpus=1"),
            limit: 2047)
        #expect(
            text(line) == """
                console=ttyS0,115200 earlycon=uart8250 intel_iommu=on acpi=force pci=nomsi \
                libata.force=noncq nvme_core.io_timeout=255 rdinit=/init rootish=1 quiet \
                kresume.save=7 maxcpus=1 nokaslr module_blacklist=nouveau,\(balloons) elfcorehdr=0x0000000000000000 \
                kexec_jump_back_entry=0x0000000000000000
                """)
        #expect(line.bytes.last == 0)
    }

    @Test func openQuotesOfAsDoNotHideTheRest() throws {
        let line = try SaverCommandLine(
            from: KernelCommandLine(parsing: "quiet a=\"x y"),
            adding: KernelCommandLine(parsing: "kresume.save=7 b=\"z"), limit: 2047)
        #expect(
            text(line) == """
                quiet a="x y" kresume.save=7 b="z" nokaslr module_blacklist=\(balloons) elfcorehdr=0x0000000000000000 \
                kexec_jump_back_entry=0x0000000000000000
                """)
    }

    @Test func unlockingIsTurnedOff() {
        let line = KernelCommandLine(
            parsing: """
                a=1 cryptopts=target=x,source=/dev/y cryptdevice=UUID=1:root cryptkey=/dev/z:ext4:/k \
                rd.luks.uuid=luks-1 rd.luks=1 rd.luks.name=1=x luks.key=/k luks=yes rd.lvm.lv=a/b
                """)
        // Three initramfs tools: these two words, and the lack of the others.
        #expect(line.withoutUnlocking.text == "a=1 rd.lvm.lv=a/b rd.luks=0 cryptopts=")
    }

    @Test(
        arguments: [
            ("a=1", "a=1 quiet"), ("quiet a", "quiet a"), ("loglevel=7", "loglevel=7"),
            ("debug", "debug"), ("ignore_loglevel", "ignore_loglevel"),
            ("systemd.debug_shell", "systemd.debug_shell quiet"),
        ])
    func quietUnlessSomethingIsSaid(text: String, expected: String) {
        #expect(KernelCommandLine(parsing: text).quiet.text == expected)
    }

    @Test func addressesAreFilledIn() throws {
        var line = try SaverCommandLine(
            from: KernelCommandLine(), adding: KernelCommandLine(), limit: 2047)
        line.setElfcorehdr(PhysicalAddress(0x25fe_d000))
        #expect(
            text(line) == "nokaslr module_blacklist=\(balloons) elfcorehdr=0x0000000025fed000 "
                + "kexec_jump_back_entry=0x0000000000000000")
        let digits = line.bytes[line.jumpBackDigits...]
        #expect(String(decoding: digits, as: UTF8.self) == "0000000000000000\0")
        #expect(
            String(decoding: line.bytes[..<line.jumpBackDigits], as: UTF8.self)
                .hasSuffix(" kexec_jump_back_entry=0x"))
    }

    @Test func limit() throws {
        let empty = KernelCommandLine()
        let length = try SaverCommandLine(from: empty, adding: empty, limit: 2047).bytes.count - 1
        #expect(throws: Never.self) {
            try SaverCommandLine(from: empty, adding: empty, limit: length)
        }
        #expect(
            throws: BootProtocolError.commandLineTooLong(length: length, limit: length - 1)
        ) { try SaverCommandLine(from: empty, adding: empty, limit: length - 1) }
    }
}
