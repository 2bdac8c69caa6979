// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import Fingerprint
import KresumeImage
import LinuxPlatform
import SystemPackage

/// Whether the file systems that A had mounted are what they were. A has parts of them in its memory,
/// and goes on to write by that.
struct FileSystemCheck {
    struct Verdict {
        /// Sentences: what speaks against a resume, and what does not.
        var changes: [String] = []
        var warnings: [String] = []
    }

    let records: [FileSystemRecord]
    let machine: any Machine

    init(_ records: [FileSystemRecord], on machine: any Machine) {
        self.records = records
        self.machine = machine
    }

    /// Until those are there that were mounted and that the saver kernel has seen.
    func wait(_ wait: DeviceWait) throws {
        let missed = records.filter(isMissed)
        let missing = { (seen: SeenDevices) in
            let search = FileSystemSearch(machine, seen)
            return missed.enumerated().filter { !search.has($1, number: $0, seen) }.map(\.element)
        }
        let first = missing(SeenDevices())
        if first.isEmpty { return }
        _ = try wait.until(list(first.map(\.name))) { missing($0).isEmpty ? true : nil }
    }

    func verdict() -> Verdict {
        let search = FileSystemSearch(machine)
        var verdict = Verdict()
        for record in records {
            guard let change = change(of: record, search) else { continue }
            if record.onlyWarns {
                verdict.warnings.append(change)
            } else {
                verdict.changes.append(change)
            }
        }
        return verdict
    }

    private func isMissed(_ record: FileSystemRecord) -> Bool {
        record.isReadWrite && !record.onlyWarns && !record.isAsMounted
    }

    private func change(of record: FileSystemRecord, _ search: FileSystemSearch) -> String? {
        let found = search.find(record)
        guard let first = found.first else {
            return isMissed(record) ? "\(record.name) is not there, or cannot be read" : nil
        }
        let changes = found.map { record.state.change(to: $0.state, asMounted: record.isAsMounted) }
        // Of copies of a disk, any may be the one.
        guard !changes.contains(nil), let change = changes.first ?? nil else { return nil }
        let here = first.path.string == record.device ? "" : ", here \(first.path),"
        return "\(record.name)\(here) \(change)"
    }
}
