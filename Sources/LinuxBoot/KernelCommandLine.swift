// SPDX-License-Identifier: GPL-2.0-or-later

/// The options of a Linux command line, in their order.
///
/// Cut as `next_arg` does it (lib/cmdline.c, Linux 6.12): white space separates, double quotes
/// keep it, there is no escape. What follows `--` belongs to init and is left out.
package struct KernelCommandLine: Hashable, Sendable {
    package struct Option: Hashable, Sendable {
        package let name: String
        /// Without the quotes around it; nil where there is no `=`.
        package let value: String?
        /// As it stands on the command line; quotes that are open to the line's end are closed, or
        /// whatever is added to the line would be in them.
        package let text: String
    }

    package var options: [Option]

    package init(_ options: [Option] = []) { self.options = options }

    /// The value of the last option of this name, which is the one that counts.
    package func value(of name: String) -> String? {
        options.last { $0.isNamed(name) && $0.value != nil }?.value
    }

    package func contains(_ name: String) -> Bool { options.contains { $0.isNamed(name) } }

    package var text: String { options.map(\.text).joined(separator: " ") }
}

extension KernelCommandLine {
    /// `noresume` and the options that imply it (kernel/power/hibernate.c, Linux 6.12); and `resume=none`, which
    /// is the same to initramfs-tools (`init`, 0.142).
    package var forbidsResume: Bool {
        contains("noresume") || contains("nohibernate") || resumeDevice == "none"
            || options.contains {
                $0.isNamed("hibernate")
                    && ($0.value == "no" || $0.value?.hasPrefix("noresume") == true)
            }
    }

    /// Options by which the kernel does not hibernate (the same file).
    package var forbidsHibernation: Bool {
        contains("nohibernate")
            || options.contains { option in
                let value = option.value ?? ""
                return option.isNamed("hibernate") && value.hasPrefix("no")
                    && !value.hasPrefix("noresume") && !value.hasPrefix("nocompress")
            }
    }

    /// `resume=`: the device that holds an image.
    package var resumeDevice: String? { value(of: "resume") }

    /// Whether that is in the syntax of TuxOnIce and uswsusp, which name more than a device.
    package var hasForeignResumeDevice: Bool {
        ["swap:", "file:"].contains { resumeDevice?.hasPrefix($0) == true }
    }

    /// `resume_offset=`: where on that device the image begins, in pages.
    package var resumeOffset: UInt64? { value(of: "resume_offset").flatMap { UInt64($0) } }
}

extension KernelCommandLine.Option {
    /// `name=value`, in quotes where the value needs them. Nil where the kernel would not read
    /// the same again: a quotation mark in it, a white space or `=` in the name, `--` alone.
    package init?(_ name: String, _ value: String?) {
        let isForbidden = { (byte: UInt8) in byte == .quote || byte == 0 }
        guard !name.isEmpty,
            !name.utf8.contains(where: { isForbidden($0) || $0.isSpace || $0 == .equals }),
            value?.utf8.contains(where: isForbidden) != true, name != "--" || value != nil
        else { return nil }
        self.name = name
        self.value = value
        guard let value else {
            text = name
            return
        }
        text = value.utf8.contains(where: \.isSpace) ? "\(name)=\"\(value)\"" : "\(name)=\(value)"
    }

    /// The kernel takes `-` and `_` in a name for the same.
    package func isNamed(_ other: String) -> Bool { folded(name) == folded(other) }

    /// Whether the name begins with `prefix`.
    package func isNamed(withPrefix prefix: String) -> Bool {
        folded(name).starts(with: folded(prefix))
    }
}

extension UInt8 {
    static var quote: UInt8 { UInt8(ascii: "\"") }
    static var equals: UInt8 { UInt8(ascii: "=") }

    /// `isspace`, of the ASCII characters.
    var isSpace: Bool { self == 32 || (9...13).contains(self) }
}

private func folded(_ name: String) -> [UInt8] {
    name.utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
}
