// SPDX-License-Identifier: GPL-2.0-or-later

import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// Where kernels and initramfs images of distributions are found.
@Suite struct SaverFilesTests {
    /// The first ones are Debian's and Fedora's, then Debian's since 7.3.
    @Test(arguments: [
        "/boot/vmlinuz-7.3.4", "/usr/lib/modules/7.3.4/vmlinuz", "/lib/modules/7.3.4/vmlinuz",
    ])
    func kernel(path: String) throws {
        let machine = ScriptedMachine { $0.files[FilePath(path)] = [1] }
        let files = SaverFiles(release: "7.3.4", machine: machine)
        #expect(try files.kernel() == FilePath(path))
        #expect(throws: HibernateError.self) { try files.initrd() }
    }

    @Test(arguments: [
        "/boot/initrd.img-7.3.4", "/boot/initramfs-7.3.4.img", "/boot/initrd-7.3.4",
        "/usr/lib/modules/7.3.4/initrd",
    ])
    func initramfs(path: String) throws {
        let machine = ScriptedMachine { $0.files[FilePath(path)] = [1] }
        let files = SaverFiles(release: "7.3.4", machine: machine)
        #expect(try files.initrd() == FilePath(path))
        #expect(throws: HibernateError.self) { try files.kernel() }
    }
}
