// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation

extension FileSystemState {
    /// What has become of it since, as far as can be told, to be said after its name; nil where
    /// nothing has.
    ///
    /// - Parameter asMounted: this was read while the file system was in use, so that only what
    ///   nobody but who mounts it changes is compared.
    package func change(to now: FileSystemState, asMounted: Bool = false) -> String? {
        var fields: [Field] = []
        for value in values + now.values {
            let field = value.field
            if field.isKnown, self[field] != now[field],
                !asMounted || Self.onlyByMount.contains(field)
            {
                fields.append(field)
            }
        }
        return fields.isEmpty ? nil : sentence(now, fields)
    }

    /// ext4's: nothing of the others stays as it is while they are mounted.
    private static let onlyByMount: [Field] = [.mountTime, .mountCount, .checkTime]

    private func sentence(_ now: FileSystemState, _ fields: [Field]) -> String {
        let number = { (state: FileSystemState, field: Field) in "\(state[field] ?? 0)" }
        let isOther = { (field: Field) in fields.contains(field) }
        switch kind {
        case .ext:
            let last = "last on \(calendarTime(now[.mountTime] ?? 0))"
            if isOther(.mountCount), (now[.mountCount] ?? 0) > (self[.mountCount] ?? 0) {
                return "was mounted \(number(self, .mountCount)) times, now "
                    + "\(number(now, .mountCount)); \(last)"
            }
            if isOther(.mountTime) { return "was mounted again, \(last)" }
            if isOther(.checkTime) {
                return "was checked, on \(calendarTime(now[.checkTime] ?? 0))"
            }
            if isOther(.journalSequence) {
                return "had its journal at \(number(self, .journalSequence)), now at "
                    + "\(number(now, .journalSequence)), as after a mount only to read"
            }
            return "was written to, last on \(calendarTime(now[.writeTime] ?? 0))"
        case .xfs where isOther(.logCycle) || isOther(.logBlock):
            return "had its log at \(number(self, .logCycle)), \(number(self, .logBlock)), now at "
                + "\(number(now, .logCycle)), \(number(now, .logBlock))"
        case .xfs where isOther(.generation):
            let place = { (state: FileSystemState) in
                let place = state[.generation] ?? 0
                return "\(place >> 32), \(place & 0xffff_ffff)"
            }
            return "had its superblock written at \(place(self)) of the log, now at \(place(now))"
        case .btrfs where isOther(.generation):
            return "had generation \(number(self, .generation)), now "
                + number(now, .generation)
        case .f2fs where isOther(.checkpoint):
            return "had checkpoint \(number(self, .checkpoint)), now "
                + number(now, .checkpoint)
        case .fat, .exfat:
            if isOther(.allocation) { return "has other clusters in use" }
            if isOther(.rootDirectory) { return "has another root directory" }
            return "has another boot sector, or counts other clusters as free"
        case .raidMember:
            return "had \(number(self, .events)) events, now \(number(now, .events)); last on "
                + calendarTime(now[.writeTime] ?? 0)
        case .physicalVolume where isOther(.generation):
            return "had metadata number \(number(self, .generation)), now "
                + number(now, .generation)
        case .xfs, .btrfs, .f2fs, .physicalVolume: break
        }
        return isOther(.journal) ? "has another log" : "has another superblock"
    }

    /// What of it a person may know, for an image that is only looked at.
    package var summary: String {
        let number = { (field: Field) in "\(self[field] ?? 0)" }
        if values.isEmpty { return "not read" }
        switch kind {
        case .ext:
            let journal =
                self[.externalJournal] != nil
                ? "; its journal is on another device"
                : self[.journalSequence].map { "; journal at \($0)" } ?? "; no journal"
            return "mounted \(number(.mountCount)) times, last on "
                + calendarTime(self[.mountTime] ?? 0) + journal
        case .xfs:
            return self[.externalJournal] != nil
                ? "its log is on another device"
                : "log at \(number(.logCycle)), \(number(.logBlock))"
        case .btrfs: return "generation \(number(.generation))"
        case .f2fs: return "checkpoint \(number(.checkpoint))"
        case .fat, .exfat: return "clusters and root directory"
        case .raidMember: return "\(number(.events)) events"
        case .physicalVolume: return "metadata number \(number(.generation))"
        }
    }
}
