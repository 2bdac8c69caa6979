// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import LinuxPlatform
import SwapArea
import SystemPackage

/// Where the image is to go, not looked at closely yet: a place on a device, which may be a swap file's.
struct ChosenTarget {
    let path: FilePath
    let offsetPages: UInt64
    /// In bytes.
    let offset: UInt64
    let file: SwapFile?

    /// Swap in use that was not taken.
    struct PassedOver: CustomStringConvertible {
        let path: FilePath
        let reason: String

        var description: String { "not \(path): \(reason)" }
    }

    /// - Parameter named: nil for `resume=` of the kernel command line, else the configured place, else
    ///   the largest swap in use that can hold an image.
    init(
        _ named: ImageLocation?, _ configured: ConfiguredLocation?, on machine: any Machine,
        _ report: Report
    ) throws {
        guard let location = try named ?? Self.usual(configured, machine, report) else {
            self = try Self.largestSwap(machine, report)
            return
        }
        let (path, offset) = try location.resolve(on: machine)
        let device = try machine.open(path, .read, direct: false)
        if let number = device.number {
            // Where a file system is mounted only a file of it can be meant.
            let isMounted = try offset > 0 && !machine.mounts(of: number).isEmpty
            let file = try isMounted ? SwapFile.active(on: path, at: offset, machine) : nil
            self.init(path, offsetPages: location.offsetPages, offset: offset, file)
        } else if location.offsetPages == 0 {
            self.init(try SwapFile(path, on: machine))
        } else {
            throw HibernateError.offsetInFile(path)
        }
    }

    private init(_ path: FilePath, offsetPages: UInt64, offset: UInt64, _ file: SwapFile?) {
        (self.path, self.file) = (path, file)
        (self.offsetPages, self.offset) = (offsetPages, offset)
    }

    private init(_ file: SwapFile) {
        let first = file.layout.first
        self.init(file.device, offsetPages: first.rawValue, offset: first.offset, file)
    }

    private static func usual(
        _ configured: ConfiguredLocation?, _ machine: any Machine, _ report: Report
    ) throws -> ImageLocation? {
        let line = KernelCommandLine(parsing: try machine.commandLine())
        if let location = try ImageLocation.fromCommandLine(line) {
            report.detail("resume= of the kernel command line names \(location.device)")
            return location
        }
        if let configured {
            report.detail("kresume.conf names \(configured.device)")
            return try ImageLocation(configured, line)
        }
        return nil
    }

    /// The largest swap in use that can hold an image. Whether it is encrypted is no reason to look for
    /// another one: memory that was to be hidden is not written elsewhere.
    private static func largestSwap(_ machine: any Machine, _ report: Report) throws -> Self {
        var passedOver: [PassedOver] = []
        for swap in try machine.swaps().sorted(by: { $0.size > $1.size }) {
            do {
                let target = try ChosenTarget(swap, machine)
                report.detail("\(swap.path) is the largest swap in use that can hold an image")
                for other in passedOver { report.detail("\(other)") }
                return target
            } catch let flaw as Unfit {
                passedOver.append(PassedOver(path: swap.path, reason: flaw.reason))
            }
        }
        throw HibernateError.noDevice(passedOver: passedOver)
    }

    private struct Unfit: Error {
        let reason: String
    }

    private init(_ swap: ActiveSwap, _ machine: any Machine) throws {
        if swap.isBlockDevice {
            self.init(swap.path, offsetPages: 0, offset: 0, nil)
        } else {
            do { self.init(try SwapFile(swap.path, on: machine)) } catch {
                guard case HibernateError.swapFile(_, let flaw) = error else { throw error }
                throw Unfit(reason: "it \(flaw.reason)")
            }
        }
        guard let number = try machine.open(path, .read, direct: false).number else {
            throw Unfit(reason: "it is a file")
        }
        if let flaw = try machine.storageFlaw(of: number) { throw Unfit(reason: flaw.reason) }
        let beneath = try AreaLayout([DeviceRun(DevicePage(offsetPages), count: 1)])
            .flatMap { try PlaceBeneath($0, on: number, machine) }
        do {
            let numbers = beneath?.devices.map(\.number) ?? [number]
            _ = try MirroredTarget(numbers, path, force: false, on: machine)
        } catch {
            guard case HibernateError.onArray(_, let array) = error else { throw error }
            throw Unfit(reason: "it is on the array \(array.name) (\(array.level))")
        }
    }
}
