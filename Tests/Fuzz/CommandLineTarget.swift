// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import PhysicalMemory

@testable import SaverPlan

extension FuzzTarget {
    /// A kernel's command line: cut as the kernel cuts it; the saver kernel's, made from it; and
    /// single options. An input is a text.
    static let commandLine = FuzzTarget(name: "command-line", inputLimit: 512) {
        [
            "", "BOOT_IMAGE=/vmlinuz root=\"LABEL=a b\" ro quiet -- single",
            "\"a=x y\" z=x\"y z\"w =x b= -- c",
            "resume=/dev/vda resume-offset=12 rd.luks=0 nokaslr",
            "a=\"x y", "\"\" \" -=- x=\u{e4}\u{a0}", "kresume.debug loglevel=7 cryptopts=target=x",
            "kresume.save=000102030405060708090a0b0c0d0e0f kresume.offset=7 kresume.levels=4 "
                + "kresume.message=0x1000 kresume.level=3 kexec_jump_back_entry=0x2f",
        ].map { Array($0.utf8) }
    } test: { input in
        let text = String(decoding: input, as: UTF8.self)
        let line = KernelCommandLine(parsing: text)
        let kernels = KernelsWords(of: text)
        require(
            line.options.map(\.name).elementsEqual(kernels.words.map(\.name))
                && line.options.map(\.value).elementsEqual(kernels.words.map(\.value)),
            "the kernel reads \(kernels.words), not \(line.options)")
        for line in [line, line.quiet, line.withoutUnlocking] {
            let again = KernelCommandLine(parsing: line.text)
            require(
                again.options.map(\.name).elementsEqual(line.options.map(\.name), by: isSame)
                    && again.options.map(\.value).elementsEqual(line.options.map(\.value)) {
                        isSame($0 ?? "", $1 ?? "")
                    } && again.text == line.text, "read otherwise: \(line.text)")
        }
        _ = (line.forbidsResume, line.resumeDevice, line.resumeOffset)
        if let orders = try? SaverOrders(line) { checkOrders(orders) }
        checkSaver(line)
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            .map { String($0) }
        if let option = KernelCommandLine.Option(parts[0], parts.dropFirst().last) {
            let words = KernelsWords(of: option.text).words
            require(
                words.map(\.name) == [option.name] && words.map(\.value) == [option.value],
                "the kernel reads \(words), not \(option)")
        }
    }

    /// Quotes that begin within a word, and were open to the end, can only be closed by one that
    /// counts.
    private static func isSame(_ again: String, _ text: String) -> Bool {
        again == text || again == text + "\""
    }

    /// What the saver kernel was told, told again.
    private static func checkOrders(_ orders: SaverOrders) {
        let entry = "0x" + String(orders.jumpBackEntry.rawValue, radix: 16)
        let options = orders.parameters.options
        let again = try? SaverOrders(
            KernelCommandLine(parsing: options.text + " kexec_jump_back_entry=" + entry))
        require(
            again?.parameters.options == options && again?.jumpBackEntry == orders.jumpBackEntry,
            "other orders: \(options.text)")
    }

    private static func checkSaver(_ original: KernelCommandLine) {
        let added = KernelCommandLine(parsing: "kresume.save=7 maxcpus=1")
        guard let line = try? SaverCommandLine(from: original, adding: added, limit: 2047) else {
            return
        }
        require(
            line.bytes.count <= 2048 && line.bytes.firstIndex(of: 0) == line.bytes.count - 1,
            "not one zero, at the end")
        let words = KernelsWords(of: String(decoding: line.bytes.dropLast(), as: UTF8.self)).words
        let zeros = "0x0000000000000000"
        for (name, value) in [
            ("kresume.save", "7"), ("maxcpus", "1"), ("nokaslr", nil), ("elfcorehdr", zeros),
            ("kexec_jump_back_entry", zeros),
        ] {
            require(
                words.last { $0.name == name }?.value == value
                    && words.contains { $0.name == name },
                "\(name) is lost: \(words)")
        }
        for digits in [line.elfcorehdrDigits, line.jumpBackDigits] {
            require(
                line.bytes[digits..<digits + SaverCommandLine.digitCount].allSatisfy { $0 == 0x30 },
                "digits elsewhere")
        }
    }
}
