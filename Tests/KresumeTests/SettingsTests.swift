// SPDX-License-Identifier: GPL-2.0-or-later

import ConfigurationFile
import Hibernation
import LinuxPlatform
import SystemPackage
import Testing

@testable import kresume

@Suite struct SettingsTests {
    private static let whole = """
        device = LABEL=my swap
        offset = 0x10
        wait = 5
        retry = 3
        saver-kernel = /boot/saver
        saver-initrd = /boot/saver.img
        saver-memory = 128M
        saver-append = quiet a=b
        image-size = 2G
        drop-cache = oldest
        compression = zstd:7
        freeze = always
        encrypt = yes
        key-file = /key
        plain-images = no
        find-offset = yes
        """

    @Test func everyKey() {
        var settings = Settings()
        #expect(settings.take(ConfigurationFile(parsing: Array(Self.whole.utf8))).isEmpty)
        #expect(settings.location?.device == .tag(.label, "my swap"))
        #expect(settings.location?.offsetPages == 16)
        #expect(settings.wait == 5)
        #expect(settings.mapRetries == 3)
        #expect(settings.values.value("saver-kernel") == "/boot/saver")
        #expect(settings.values.size("saver-memory") == 128 << 20)
        #expect(settings.values.value("saver-append") == "quiet a=b")
        #expect(settings.values.size("image-size") == 2 << 30)
        #expect(settings.values.value("drop-cache") == "oldest")
        #expect(settings.values.value("compression") == "zstd:7")
        #expect(settings.values.value("freeze") == "always")
        #expect(settings.isOn("encrypt") == true && settings.isOn("plain-images") == false)
        #expect(settings.isOn("find-offset") == true)
        #expect(settings.values.value("key-file") == "/key" && settings.isOn("quiet") == nil)
        // A key that is missing here is missing in the tests.
        #expect(Self.whole.split(separator: "\n").count == Settings.keys.count)
    }

    /// The line is skipped, what was said before stays.
    @Test(arguments: [
        ("wait = soon", "wait = soon is not a number"),
        ("wait = -1", "wait = -1 is not a number"),
        ("encrypt = maybe", "encrypt = maybe is not yes or no"),
        ("wait =", "wait =  is not a number"),
        ("device =", "device =  is not a device name"),
        (
            "saver-memory = 99999999999G",
            "saver-memory = 99999999999G is not a size (for example 96M)"
        ),
        ("saver-kernel =", "saver-kernel =  is not a file name"),
        ("freeze = yes", "freeze = yes is not auto, always or never"),
        ("Wait = 1", "there is no setting Wait"),
        ("retry = yes", "retry = yes is not a number"),
        ("dry-run = yes", "there is no setting dry-run"),
        ("wait", "this is not KEY = VALUE"),
        ("wait = \u{0}", "this is not text in UTF-8"),
    ])
    func badLine(line: String, sentence: String) {
        var settings = Settings()
        let text = "wait = 7\ndevice = /dev/x\nsaver-memory = 1K\nsaver-kernel = k\n\(line)\n"
        let problems = settings.take(ConfigurationFile(parsing: Array(text.utf8)))
        #expect(problems.map(\.text) == [sentence])
        #expect(problems.map(\.line) == [5])
        #expect(settings.wait == 7)
        #expect(settings.location?.device == .path("/dev/x"))
        #expect(settings.values.size("saver-memory") == 1024)
        #expect(settings.values.value("saver-kernel") == "k")
    }

    @Test func lastOneCounts() {
        var settings = Settings()
        _ = settings.take(ConfigurationFile(parsing: Array("wait = 1\nwait = 2".utf8)))
        #expect(settings.wait == 2)
    }

    @Test func commandLineBeatsTheFile() throws {
        var settings = Settings()
        _ = settings.take(ConfigurationFile(parsing: Array(Self.whole.utf8)))
        let arguments = try Arguments(
            ["kresume hibernate", "-m", "1G", "--saver-kernel=/other"], Command.hibernate.options)
        let options = arguments.options.over(settings.values)
        #expect(options.size("saver-memory") == 1 << 30)
        #expect(options.value("saver-kernel") == "/other")
        #expect(options.value("saver-initrd") == "/boot/saver.img")
    }
}
