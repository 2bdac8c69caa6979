// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxBoot
import LinuxPlatform
import SystemPackage

/// `kresume` alone, for somebody in a rescue shell: which images there are, and what to do with
/// each.
package struct Advice {
    /// Where a configuration says that images are.
    package var configured: ConfiguredLocation?
    private let machine: any Machine
    private let report: Report

    package init(_ machine: any Machine, _ report: Report) {
        self.machine = machine
        self.report = report
    }

    /// The text; nil where no device could be looked at, which has been said then.
    package func run() throws -> String? {
        var scan = try Scan(
            machine, lookingInto: OffsetSearch(isUnattended: false, machine, report), report)
        for (path, offset) in otherPlaces() {
            if scan.images.contains(where: { $0.path == path && $0.offset == offset }) { continue }
            scan.look(at: path, offset: offset)
        }
        reportUnreadable(scan.unreadable)
        if scan.images.isEmpty && scan.deviceCount == 0 {
            if scan.unreadable.isEmpty {
                report.warn("there is no block device here: are their drivers loaded?")
            }
            return nil
        }
        let devices = scan.deviceCount == 1 ? "device" : "devices"
        let lines =
            scan.images.isEmpty
            ? ["no hibernation image on \(scan.deviceCount) \(devices)"]
            : scan.images.flatMap { ["\($0)"] + commands(for: $0).map { "    \($0)" } }
        return lines.joined(separator: "\n")
    }

    /// Images that are not at the beginning of their devices are found by what names them.
    private func otherPlaces() -> [(path: FilePath, offset: UInt64)] {
        let line = KernelCommandLine(parsing: (try? machine.commandLine()) ?? "")
        let locations = [
            try? ImageLocation.fromCommandLine(line), LocationVariable(machine, report).readOwn(),
            configured.flatMap { try? ImageLocation($0, line) },
        ]
        var places: [(path: FilePath, offset: UInt64)] = []
        for location in locations {
            guard let place = try? location?.resolve(on: machine), place.offset > 0 else {
                continue
            }
            if !places.contains(where: { $0 == place }) { places.append(place) }
        }
        return places
    }

    private func reportUnreadable(_ devices: [(path: FilePath, error: any Error)]) {
        let denied = devices.filter {
            ($0.error as? PlatformError)?.number == .permissionDenied
        }
        if denied.count == devices.count, !denied.isEmpty {
            return report.warn("the devices cannot be read: this needs root")
        }
        for device in devices { report.warn(explanation(of: device.error)) }
    }

    private func commands(for image: FoundImage) -> [String] {
        let verbs: [String]
        switch image.kind {
        case .kresume(let front):
            switch front.state {
            case .ready: verbs = ["resume", "verify", "discard"]
            case .resuming: verbs = ["resume --retry", "verify", "discard"]
            case .prepared, .consumed: verbs = ["discard"]
            }
        case .stock: verbs = ["resume", "verify", "discard"]
        case .damaged: verbs = ["discard"]
        // What cannot be read may be whole.
        case .unreadable: verbs = []
        case .uswsusp, .tuxOnIce: verbs = []
        }
        return verbs.map { verb in
            // What was tried may have run.
            let risk = verb == "resume --retry" ? "    # only if its machine has not run since" : ""
            return "kresume \(verb) \(image.operand)\(risk)"
        }
    }
}
