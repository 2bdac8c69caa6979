// SPDX-License-Identifier: GPL-2.0-or-later

import Fingerprint
import KresumeImage
import LinuxPlatform
import SystemPackage
import Threads
import Transfer

/// Finds the file systems of an image on the devices of this kernel, by what they are: names may have
/// changed. Reads past the page cache, which may not know what a file system that was mounted in between
/// has written.
struct FileSystemSearch {
    private let machine: any Machine
    private let entries: [BlockDeviceList.Entry]

    init(_ machine: any Machine, _ seen: SeenDevices = SeenDevices()) {
        self.machine = machine
        entries = (try? seen.devices(on: machine).entries) ?? []
    }

    /// Where there are several, as of a disk that was copied, the one with the name from then is first.
    func find(_ record: FileSystemRecord) -> [(path: FilePath, state: FileSystemState)] {
        let sameName = { (entry: BlockDeviceList.Entry) in entry.path.string == record.device }
        let candidates = candidates(for: record)
        return (candidates.filter(sameName) + candidates.filter { !sameName($0) })
            .compactMap { entry in look(at: entry, for: record).map { (entry.path, $0) } }
    }

    /// Whether ``find(_:)`` finds any.
    ///
    /// - Parameters:
    ///   - number: the record's, among all that are asked for.
    ///   - seen: what this was made with.
    func has(_ record: FileSystemRecord, number: Int, _ seen: SeenDevices) -> Bool {
        candidates(for: record).contains { entry in
            seen.answer(number, about: entry) {
                var isReadable = true
                if look(at: entry, for: record, whenUnreadable: { isReadable = false }) != nil {
                    return true
                }
                return isReadable ? false : nil
            }
        }
    }

    private func candidates(for record: FileSystemRecord) -> [BlockDeviceList.Entry] {
        entries.filter {
            // What others are built on holds the same bytes as they, or parts of them.
            $0.holders.isEmpty || record.state.kind.isBelowFileSystems
        }
    }

    /// Nil where the device has another file system, or none.
    private func look(
        at entry: BlockDeviceList.Entry, for record: FileSystemRecord,
        whenUnreadable: @escaping () -> Void = {}
    ) -> FileSystemState? {
        guard let device = try? machine.openDirectly(entry.path, .read) else {
            whenUnreadable()
            return nil
        }
        let readAt: FileSystemState.ReadAt = { offset, count in
            let bytes = device.readAt(offset, count)
            if bytes == nil { whenUnreadable() }
            return bytes
        }
        let kind = record.state.kind
        guard
            FileSystemState.identity(of: kind, size: device.size, readAt: readAt)
                == record.state.identity
        else { return nil }
        return FileSystemState(kind, size: device.size, readAt: readAt)
    }
}

extension FileSystemSearch {
    /// What has become of the file systems of which A has superblocks in its memory; sentences. Of copies
    /// of a disk, one that is what it was is enough. Called when all pages are in their places.
    ///
    /// - Parameters:
    ///   - dataPages: how many there are.
    ///   - identities: of those that are asked for; nil: all.
    func changes(
        sinceSaved places: PagePlaces, dataPages: Int, of identities: Set<[UInt8]>? = nil
    ) throws -> [String] {
        let copies = try places.superblocks(dataPages: dataPages)
        var same: Set<[UInt8]> = []
        var changes: [(identity: [UInt8], sentence: String)] = []
        for entry in entries where entry.holders.isEmpty {
            guard let device = try? machine.openDirectly(entry.path, .read) else { continue }
            for kind in copies.kinds {
                guard let now = FileSystemState(kind, size: device.size, readAt: device.readAt),
                    identities?.contains(now.identity) ?? true
                else { continue }
                if let change = copies.change(to: now) {
                    // Of ext2, ext3 and ext4 it is the one in use.
                    let word = kind == .ext ? "ext4" : "\(kind)"
                    changes.append((now.identity, "\(entry.path) (\(word)) \(change)"))
                } else {
                    same.insert(now.identity)
                }
            }
        }
        return changes.filter { !same.contains($0.identity) }.map(\.sentence)
    }
}

extension PagePlaces {
    /// Of all pages, on all CPUs.
    fileprivate func superblocks(dataPages: Int) throws -> SuperblockCopies {
        let copies = Monitor(SuperblockCopies())
        let next = Monitor(0)
        let batch = 4096
        try Parallel.run(Parallel.usableCPUs) { [self] _ in
            var own = SuperblockCopies()
            while true {
                var first = 0
                next.change {
                    first = $0
                    $0 += batch
                }
                if first >= dataPages { break }
                for place in try places(of: first..<min(first + batch, dataPages)) {
                    own.look(at: UnsafeRawBufferPointer(place))
                }
            }
            copies.change { $0.merge(own) }
        }
        return copies.wait { $0 }
    }
}

extension [FileSystemRecord] {
    /// As the saver kernel sees them, in which nobody writes to them. Those that it does not see stay
    /// what they are.
    func seen(on machine: any Machine, _ report: Report, next: () -> Void) -> [FileSystemRecord] {
        let search = FileSystemSearch(machine)
        return map { record in
            next()
            guard let found = search.find(record).first else {
                report.note("this kernel does not see \(record.name), to tell if it changes")
                return record
            }
            var record = record
            record.state = found.state
            record.isAsMounted = false
            return record
        }
    }
}

extension FileSystemRecord {
    /// For people: `/dev/sda3 (ext4 on /home)`.
    var name: String { "\(device) (\(kind)\(mountPoint.isEmpty ? "" : " on \(mountPoint)"))" }
}
