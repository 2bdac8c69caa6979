// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import Testing

@testable import BootProtocol

@Suite struct KernelCommandLineTests {
    @Test(
        arguments: [
            ("", []),
            ("  quiet\n", [("quiet", nil)]),
            ("a=1 b= c", [("a", "1"), ("b", ""), ("c", nil)]),
            ("a=b=c", [("a", "b=c")]),
            ("a=\"x y\" z", [("a", "x y"), ("z", nil)]),
            ("\"a=x y\" z", [("a", "x y"), ("z", nil)]),
            ("\"a b\"", [("a b", nil)]),
            ("a=x\"y z\"w", [("a", "x\"y z\"w")]),
            ("a=\"x y", [("a", "x y")]),
            ("=x \"", [("=x", nil), ("", nil)]),
            ("a\tb\u{0b}c\r\nd", [("a", nil), ("b", nil), ("c", nil), ("d", nil)]),
            ("a -- b=1", [("a", nil)]),
            ("a --=1 b", [("a", nil), ("--", "1"), ("b", nil)]),
            ("a\0b", [("a", nil)]),
        ] as [(String, [(String, String?)])])
    func cutting(text: String, expected: [(String, String?)]) {
        let options = KernelCommandLine(parsing: text).options
        #expect(options.map(\.name) == expected.map(\.0))
        #expect(options.map(\.value) == expected.map(\.1))
    }

    @Test func textKeepsTheQuotes() {
        let text = "root=\"LABEL=a b\" \"x=1 2\" quiet"
        #expect(KernelCommandLine(parsing: "  " + text + "\n").text == text)
    }

    @Test func lookup() {
        let line = KernelCommandLine(
            parsing: "resume=/dev/a resume_offset=38912 resume=UUID=b kresume.debug=1 init-x")
        #expect(line.resumeDevice == "UUID=b")
        #expect(line.resumeOffset == 38912)
        #expect(line.contains("init_x") && line.contains("resume-offset"))
        #expect(!line.contains("resum") && !line.contains("Resume"))
        #expect(line.value(of: "init-x") == nil)
        #expect(KernelCommandLine(parsing: "resume_offset=0x10").resumeOffset == nil)
    }

    @Test(arguments: [
        ("noresume", true), ("nohibernate", true), ("hibernate=noresume", true),
        ("hibernate=no", true), ("hibernate=nocompress", false), ("resume=noresume", false),
        ("hibernate", false), ("quiet -- noresume", false), ("", false),
    ])
    func forbiddenResume(text: String, forbidden: Bool) {
        #expect(KernelCommandLine(parsing: text).forbidsResume == forbidden)
    }

    @Test(
        arguments: [
            ("a", nil), ("a", ""), ("a.b", "1=2"), ("resume", "LABEL=my swap"), ("x", "tab\there"),
        ] as [(String, String?)])
    func composedOptionsAreReadBack(name: String, value: String?) throws {
        let option = try #require(KernelCommandLine.Option(name, value))
        #expect(KernelCommandLine(parsing: option.text).options == [option])
    }

    @Test(arguments: [
        ("", "1"), ("a b", nil), ("a=b", "c"), ("a\"", nil), ("a", "b\"c"), ("a", "\0"),
    ])
    func optionsThatCannotBeWritten(name: String, value: String?) {
        #expect(KernelCommandLine.Option(name, value) == nil)
    }
}

@Suite struct SaverCommandLineTests {
    private func text(_ line: SaverCommandLine) -> String {
        String(decoding: line.bytes.dropLast(), as: UTF8.self)
    }

    @Test func optionsOfAsSystemAreDropped() throws {
        let original = KernelCommandLine(
            parsing: """
                BOOT_IMAGE=/vmlinuz root="LABEL=a b" ro console=ttyS0,115200 earlycon=uart8250 \
                intel_iommu=on acpi=force pci=nomsi libata.force=noncq nvme_core.io_timeout=255 \
                resume=/dev/vda resume-offset=12 resumedelay=3 resume_x noresume crashkernel=256M \
                rdinit=/init init=/sbin/init mem=2G hugepages=100 nokaslr kaslr rootish=1 \
                kresume.debug elfcorehdr=0x1 kexec_jump_back_entry=0x2 quiet -- single
                """)
        let line = try SaverCommandLine(
            from: original, adding: KernelCommandLine(parsing: "kresume.save=7 maxcpus=1"),
            limit: 2047)
        #expect(
            text(line) == """
                console=ttyS0,115200 earlycon=uart8250 intel_iommu=on acpi=force pci=nomsi \
                libata.force=noncq nvme_core.io_timeout=255 rdinit=/init rootish=1 quiet \
                kresume.save=7 maxcpus=1 nokaslr elfcorehdr=0x0000000000000000 \
                kexec_jump_back_entry=0x0000000000000000
                """)
        #expect(line.bytes.last == 0)
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
            text(line) == "nokaslr elfcorehdr=0x0000000025fed000 "
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
