// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// Programs of the host.
package enum Host {
    /// The package's directory.
    package static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The program under test.
    package static let kresume = root.appending(path: "build/kresume").path
    package static let kresumeARM64 = root.appending(path: "build/arm64/kresume").path

    /// Runs a tool found in PATH or /sbin, and gives its standard output. What it says of its work on the
    /// other one is shown as it comes if `showsErrors`: some work for minutes.
    @discardableResult
    package static func run(_ command: [String], showsErrors: Bool = false) throws -> String {
        let (status, output, complaint) = try result(of: command, showsErrors: showsErrors)
        guard status == 0 else {
            throw MachineError.tool(command, status: status, output: output + complaint)
        }
        return output
    }

    /// Runs it, whatever it comes to.
    package static func reply(to command: [String]) throws -> Reply {
        let (status, output, complaint) = try result(of: command)
        return Reply(
            status: Int(status), output: (output + complaint).trimmingCharacters(in: .newlines))
    }

    private static func result(
        of command: [String], showsErrors: Bool = false
    ) throws -> (status: Int32, output: String, complaint: String) {
        let process = Process()
        let output = Pipe()
        let errors = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["PATH=\(path)"] + command
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        // Read at once: a tool that fills one pipe must not wait for the other.
        let complaint = Drain(errors.fileHandleForReading, isShown: showsErrors)
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text, complaint.text())
    }

    /// mkfs and its like live in /sbin, which an ordinary user's PATH leaves out.
    static var path: String {
        (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    }
}

/// Reads a pipe to its end on a thread of its own.
private final class Drain: @unchecked Sendable {
    private var data = Data()
    private let done = DispatchSemaphore(value: 0)

    init(_ handle: FileHandle, isShown: Bool) {
        Thread.detachNewThread {
            while case let piece = handle.availableData, !piece.isEmpty {
                if isShown { FileHandle.standardError.write(piece) }
                self.data += piece
            }
            self.done.signal()
        }
    }

    /// To be called once.
    func text() -> String {
        done.wait()
        return String(decoding: data, as: UTF8.self)
    }
}
