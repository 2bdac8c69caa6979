// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// A file that programs of a scripted machine have in use.
package struct ScriptedFile: Sendable {
    package var name: String
    package var use: FileUse
    /// In bytes.
    package var size: UInt64
    /// What is in the page cache, and what of it stays when that is dropped; pages by their numbers.
    package var cached: [Range<UInt64>]
    package var staying: [Range<UInt64>] = []
    /// What looking at it, and reading it, throws.
    package var failure: PlatformError?

    package init(
        _ name: String, _ use: FileUse, size: UInt64 = 64 << 20, _ cached: Range<UInt64>...
    ) {
        self.name = name
        self.use = use
        self.size = size
        self.cached = cached
    }
}

/// That it is read is a deed.
final class ScriptedFileInUse: FileInUse {
    private let file: ScriptedFile
    private let machine: ScriptedMachine

    init(_ file: ScriptedFile, of machine: ScriptedMachine) {
        self.file = file
        self.machine = machine
    }

    var use: FileUse { file.use }
    var size: UInt64 { file.size }

    func cachedPages(
        in pages: Range<UInt64>, limit: Int, unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> [Range<UInt64>] {
        if isUnwanted() { return [] }
        if let failure = file.failure { throw failure }
        let isDropped = machine.script.deeds.contains("drop page cache")
        return (isDropped ? file.staying : file.cached)
            .map { $0.clamped(to: pages) }.filter { !$0.isEmpty }.prefix(limit).map { $0 }
    }

    func readAhead(_ pages: Range<UInt64>) throws(PlatformError) {
        machine.call()
        if let failure = file.failure { throw failure }
        machine.change { script in
            script.deeds.append("read \(file.name) \(pages)")
            script.memory.free -= min(script.memory.free, UInt64(pages.count) * 4096)
        }
    }
}
