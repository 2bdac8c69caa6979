// SPDX-License-Identifier: GPL-2.0-or-later

extension KernelCommandLine {
    /// Reads the text of /proc/cmdline. Every text is a command line, if an odd one.
    package init(parsing text: String) {
        options = []
        var rest = text.utf8.prefix { $0 != 0 }[...]
        while true {
            rest = rest.drop(while: \.isSpace)
            if rest.isEmpty { return }
            var isQuoted = false
            let word = rest.prefix {
                if $0 == .quote { isQuoted.toggle() }
                return isQuoted || !$0.isSpace
            }
            rest = rest[word.endIndex...]
            let option = Option(word: Array(word), isOpen: isQuoted)
            if option.name == "--", option.value == nil { return }
            options.append(option)
        }
    }
}

extension KernelCommandLine.Option {
    /// One word, quotes and all; the last of them may be missing.
    fileprivate init(word: [UInt8], isOpen: Bool) {
        text = String(decoding: word + (isOpen ? [.quote] : []), as: UTF8.self)
        // Quotes stand around the whole word or around the value; at the end is one, if any.
        let isQuoted = word.first == .quote
        let body = isQuoted ? word.dropFirst() : word[...]
        let endsQuoted = body.last == .quote
        // A word that begins with "=" has it in its name.
        guard let equals = body.dropFirst().firstIndex(of: .equals) else {
            let name = isQuoted && endsQuoted ? body.dropLast() : body
            self.name = String(decoding: name, as: UTF8.self)
            value = nil
            return
        }
        name = String(decoding: body[..<equals], as: UTF8.self)
        var tail = body[(equals + 1)...]
        let isTailQuoted = tail.first == .quote
        if isTailQuoted { tail = tail.dropFirst() }
        if endsQuoted, isQuoted || isTailQuoted { tail = tail.dropLast() }
        value = String(decoding: tail, as: UTF8.self)
    }
}
