// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

/// `kresume sleep`: runs a program that has the kernel hibernate, such as systemd-sleep, and hibernates in
/// the kernel's place. All else stays the program's: its hooks, its settings, its timer, its log.
package struct SleepProgram {
    private let hibernate: Hibernate
    private let machine: any Machine
    private let report: Report

    private static let state: FilePath = "/sys/power/state"
    /// How the kernel would hibernate: the word in brackets.
    private static let mode: FilePath = "/sys/power/disk"

    package init(_ hibernate: Hibernate) {
        self.hibernate = hibernate
        machine = hibernate.machine
        report = hibernate.report
    }

    /// - Returns: the program's exit status.
    package func run(_ program: FilePath, _ arguments: [String]) throws -> Int32 {
        try Permission.requireRoot(machine)
        // Not before the program has let others go on.
        defer { hibernate.readAgain() }
        return try machine.runTraced(program, arguments) { file, bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard file == Self.state, text == "disk" || text == "disk\n" else { return nil }
            return sleep
        }
    }

    /// The kernel was to save its image, and then to suspend to memory.
    private var isHybrid: Bool {
        let text = (try? machine.file(Self.mode, limit: 4096)).map {
            String(decoding: $0, as: UTF8.self)
        }
        return text?.split(separator: " ").contains { $0.hasPrefix("[suspend]") } == true
    }

    /// Somebody who has cancelled it does not want the machine to sleep in another way instead.
    private func sleep() -> Errno? {
        var hibernate = hibernate
        hibernate.isHybrid = isHybrid
        do {
            _ = try hibernate.run()
            return nil
        } catch {
            report.fail(explanation(of: error))
            return (error as? PlatformError)?.number ?? .ioError
        }
    }
}
