// SPDX-License-Identifier: GPL-2.0-or-later

/// What was found on the devices while one of them is waited for: an event then costs a look at what it is
/// about, and not at all that there is.
///
/// A device is looked at again
///
/// - where anything that the kernel lists of it is other than it was, such as its size or the number of its
///   medium, or where it was gone meanwhile;
/// - where an event has named it, or the disk that it is a part of, or a part of it, or what it is built on;
/// - where it could not be read.
///
/// Whoever makes one has asked for events before, so that nothing changes unnoticed.
package final class SeenDevices {
    /// By the numbers of the questions.
    private var answers: [BlockDeviceList.Entry: [Int: Bool]] = [:]
    /// What events have named since the last list.
    private var named: Set<String> = []

    package init() {}

    /// Takes in an event.
    ///
    /// - Parameter names: of the devices that came, went or changed, as the kernel has them; nil where it may
    ///   be any.
    package func forget(_ names: Set<String>?) {
        if let names { named.formUnion(names) } else { answers = [:] }
    }

    /// The devices that there are now. Comes before the questions after each event.
    package func devices(on machine: some DeviceAccess) throws(PlatformError) -> BlockDeviceList {
        let list = try machine.blockDevices()
        let changed = list.entries.changed(with: named)
        let present = Set(list.entries)
        answers = answers.filter { present.contains($0.key) && !changed.contains($0.key.name) }
        named = []
        return list
    }

    /// What `look` says of a device, now or when it was looked at. Where it cannot be read, `look` gives nil:
    /// that counts as no, and is asked again after the next event.
    ///
    /// - Parameter question: its number, where there are several.
    package func answer(
        _ question: Int = 0, about device: BlockDeviceList.Entry, _ look: () -> Bool?
    ) -> Bool {
        if let answer = answers[device]?[question] { return answer }
        guard let answer = look() else { return false }
        answers[device, default: [:]][question] = answer
        return answer
    }
}

extension [BlockDeviceList.Entry] {
    /// The names of the devices whose contents may be others where those named have changed: they themselves,
    /// their disks and their partitions, and whatever is built on any of these.
    ///
    /// A partition is told by its name, which begins with the disk's. Names of others may begin so, too: these
    /// are then looked at for nothing.
    fileprivate func changed(with named: Set<String>) -> Set<String> {
        var changed = named
        for disk in self where disk.hasPartitions {
            if named.contains(where: { $0.hasPrefix(disk.name) }) { changed.insert(disk.name) }
        }
        // Not the other partitions of these disks.
        var next = [String](named) + changed.subtracting(named).flatMap { holders(of: $0) }
        changed.formUnion(next)
        while let name = next.popLast() {
            let parts = filter { $0.isPartition && $0.name.hasPrefix(name) }.map(\.name)
            for above in parts + holders(of: name) where changed.insert(above).inserted {
                next.append(above)
            }
        }
        return changed
    }

    private func holders(of name: String) -> [String] {
        first { $0.name == name }?.holders ?? []
    }
}
