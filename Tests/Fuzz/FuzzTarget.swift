// SPDX-License-Identifier: GPL-2.0-or-later

/// Something that is to stand any input, and inputs to begin with.
struct FuzzTarget: Sendable {
    let name: String
    /// In bytes.
    let inputLimit: Int
    let seeds: @Sendable () throws -> [[UInt8]]
    /// Traps where the input shows that something is wrong.
    let test: @Sendable ([UInt8]) throws -> Void

    static let all: [FuzzTarget] = [
        .image, .preparedImage, .stockImage, .blocks, .commandLine, .configuration, .core, .notes,
        .freePages, .backupPages, .kernelFile, .location, .messagePage, .initramfs, .fileSystem,
        .swapFiles, .sealedImage, .keyFile, .layout, .devicesLayout, .restoreRecord,
    ]
}

/// Ends the process, which libFuzzer takes for a finding, unless `condition` holds.
func require(
    _ condition: @autoclosure () throws -> Bool, _ message: @autoclosure () -> String,
    file: StaticString = #fileID, line: UInt = #line
) rethrows {
    if try !condition() { fatalError("found: \(message())", file: file, line: line) }
}
