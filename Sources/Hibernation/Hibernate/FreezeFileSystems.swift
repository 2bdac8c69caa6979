// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

/// When file systems are frozen before the jump, as the user says it.
package enum FileSystemFreezing: String, Sendable {
    /// Where the kernel can stop who writes to one.
    case automatic = "auto"
    case always
    case never
}

/// Mounted file systems, frozen: all is written out, and their journals are empty. Whoever mounts
/// one of them while this machine is off, which he should not, finds nothing to replay there.
///
/// In between nothing is said and nothing is written: whoever would take it may have to wait for one
/// of them, and we for him.
final class FreezeFileSystems {
    private let machine: any Machine
    private let report: Report
    private let undo: UndoList
    private var frozen: [(fileSystem: any FrozenFileSystem, entry: UndoNote.Entry)] = []
    /// What is to be said later.
    private var details: [String] = []
    private var warnings: [String] = []

    init(_ machine: any Machine, _ report: Report, _ undo: UndoList) {
        self.machine = machine
        self.report = report
        self.undo = undo
    }

    var isEmpty: Bool { frozen.isEmpty }

    /// Those that cannot be frozen are left as they are. Throws where one does not come to rest.
    func freeze() throws {
        for mount in Self.order(try machine.mounts()) {
            let entry = UndoNote.Entry.frozen(mount.mountPoint, mount.number)
            undo.add(entry)
            do throws(PlatformError) {
                let fileSystem = try machine.freeze(mount) { release() }
                frozen.append((fileSystem, entry))
            } catch {
                // It may still become frozen, when nobody waits for it any more.
                if error.number == .timedOut {
                    throw HibernateError.fileSystemHangs(mount.mountPoint)
                }
                undo.remove(entry)
                details.append("\(mount.mountPoint) is not frozen: \(error.explanation)")
                if error.number == .deadlock { return }
            }
        }
    }

    /// Those that we have frozen take writes again. Then it is told what there is to tell.
    func thaw() {
        release()
        for line in warnings { report.warn(line) }
        for line in details { report.detail(line) }
        (warnings, details) = ([], [])
    }

    /// What was frozen last comes first.
    private func release() {
        while let (fileSystem, entry) = frozen.popLast() {
            do throws(PlatformError) {
                try fileSystem.thaw()
                undo.remove(entry)
            } catch {
                warnings.append(
                    "a file system stays frozen, and whoever writes to it waits: "
                        + "\(error.explanation); try fsfreeze --unfreeze")
            }
        }
    }

    /// Each file system that has a device and takes writes, once; what was mounted last comes first,
    /// for it may lie in a file of one that was mounted before it. That of our note is left out.
    static func order(_ mounts: [Mount]) -> [Mount] {
        let note = FilePath("/run")
        let noteMount = mounts.enumerated()
            .filter { note.starts(with: $0.element.mountPoint) }
            .max {
                ($0.element.mountPoint.components.count, $0.offset)
                    < ($1.element.mountPoint.components.count, $1.offset)
            }
        var seen = Set([noteMount?.element.number].compactMap { $0 })
        return mounts.filter {
            $0.hasDevice && !$0.isReadOnly && seen.insert($0.number).inserted
        }.reversed()
    }
}
