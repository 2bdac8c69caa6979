// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import LinuxPlatform

/// Counts on the disk how often the machine was started again for an image.
protocol MapRetryCounter {
    /// Nil where the image has no safe place for it.
    var mapRetries: UInt32? { get }

    /// Writes it, and waits until it is on the medium.
    func setMapRetries(_ count: UInt32) throws
}

/// Firmware whose memory map is another one at each boot may have the right one at the next: starts the
/// machine again, so often and no more.
struct MapRetry {
    private let limit: UInt32
    private let machine: any Machine
    private let report: Report

    /// `kresume.retry=` of the command line, else what is configured. Nil where that is never.
    init?(
        _ line: KernelCommandLine, configured: UInt64?, _ machine: any Machine, _ report: Report
    ) {
        let option = line.value(of: "kresume.retry").flatMap { UInt64($0) }
        limit = UInt32(clamping: option ?? configured ?? 0)
        if limit == 0 { return nil }
        self.machine = machine
        self.report = report
    }

    /// Returns where the machine goes on as it is; why has been said then.
    ///
    /// - Parameters:
    ///   - error: what is wrong with the memory map.
    ///   - open: looks at the image again; throws or returns nil where the map is not all that is
    ///     wrong.
    func start(after error: any Error, _ open: () throws -> (any MapRetryCounter)?) {
        do {
            guard let counter = try open() else {
                return report.detail("not started again: more than the memory map differs")
            }
            guard let count = counter.mapRetries else {
                return report.warn(
                    "the machine is not started again for another memory map: the image has no "
                        + "place to count that")
            }
            guard count < limit else {
                return report.warn(
                    "the machine is not started again for another memory map: "
                        + "\(count) of \(limit) times are used up")
            }
            try machine.throwIfInterrupted()
            // Without the count on the medium this would never end.
            try counter.setMapRetries(count + 1)
            report.warn(explanation(of: error))
            report.warn(
                "starting the machine again, which may give it the right memory map: "
                    + "\(count + 1) of \(limit)")
            try machine.restart()
        } catch {
            report.warn("the machine is not started again: \(explanation(of: error))")
        }
    }
}
