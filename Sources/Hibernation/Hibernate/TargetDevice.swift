// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import LinuxPlatform
import PhysicalMemory
import SwapArea
import SystemPackage
import Transfer

/// The device that is to take the image, checked: nobody loses anything by what is written to it.
struct TargetDevice {
    let path: FilePath
    let number: DeviceNumber
    /// Where the image area begins, in pages.
    let offsetPages: UInt64
    /// The same in bytes.
    let offset: UInt64
    private let machine: any Machine
    private let undo: UndoList
    /// Swap on this device that is in use now.
    let activeSwap: ActiveSwap?
    private let discard: SwapDiscard

    /// Swap in use that was not taken.
    struct PassedOver: CustomStringConvertible {
        let path: FilePath
        let reason: String

        var description: String { "not \(path): \(reason)" }
    }

    /// - Parameters:
    ///   - named: nil for `resume=` of the kernel command line, else the configured place, else
    ///     the largest swap partition in use that can hold an image.
    ///   - force: whatever is on the device may go, and whatever may go wrong is accepted; not what
    ///     goes wrong for certain.
    ///   - unlock: the saver kernel is to unlock a device that is encrypted.
    init(
        _ named: ImageLocation?, _ configured: ConfiguredLocation?, force: Bool, unlock: Bool,
        on machine: any Machine, _ report: Report, _ undo: UndoList
    ) throws {
        self.machine = machine
        self.undo = undo
        let location = try named ?? Self.usual(configured, machine, report)
        (path, offset) = try location.resolve(on: machine)
        offsetPages = location.offsetPages
        let device = try machine.open(path, .read, direct: false)
        guard let number = device.number else { throw HibernateError.notABlockDevice(path) }
        self.number = number
        activeSwap = try machine.swap(on: number)
        discard = activeSwap == nil ? .none : machine.swapDiscard(of: number) ?? .none
        if let mount = try machine.mounts(of: number).first {
            throw HibernateError.mounted(path, on: mount.mountPoint)
        }
        if let flaw = try machine.storageFlaw(of: number), flaw.losesAll || !force {
            throw HibernateError.flawed(path, flaw)
        }
        if device.isReadOnly { throw HibernateError.writeProtected(path) }
        if !force { try Self.requireReplaceable(device, offset: offset, machine) }
        if case let page? = try? SignaturePage(device.readBytes(at: offset, count: PageFrame.size)),
            page.badPages > 0
        {
            throw HibernateError.badPages(path)
        }
        if !unlock, let mapping = try machine.encryption(of: number) {
            throw HibernateError.encrypted(path, mapping: mapping)
        }
    }

    /// Throws where there is no room for what is swapped to the device.
    ///
    /// - Parameter needed: memory that must be free afterwards, in bytes.
    func requireRoomForSwapped(leaving needed: UInt64) throws {
        guard let swap = activeSwap else { return }
        let available = try machine.memory().available
        guard swap.used < available, needed <= available - swap.used else {
            throw HibernateError.swapIsInUse(path, needed: swap.used, available: available)
        }
    }

    /// Takes what is swapped to the device back into memory; see
    /// ``requireRoomForSwapped(leaving:)``.
    func stopSwapping(leaving needed: UInt64) throws {
        guard let swap = activeSwap else { return }
        try requireRoomForSwapped(leaving: needed)
        do {
            try undo.change(entry(swap)) {
                try machine.deactivateSwap(swap.path) { machine.pendingSignal() != nil }
            }
        } catch {
            try machine.throwIfInterrupted()
            throw error
        }
    }

    /// Takes the device for ourselves, free of an earlier image.
    func claim() throws -> ImageArea {
        let area = try ImageArea(open: path, offset: offset, .exclusive, on: machine)
        // An image that is overwritten must not be found by half.
        try DiscardImage.discardOurs(in: area)
        return area
    }

    /// For somebody who only reads. Throws where ``claim()`` would, but for swap in use.
    func look() throws -> ImageArea {
        try ImageArea(
            open: path, offset: offset, activeSwap == nil ? .exclusive : .read, on: machine)
    }

    /// Swaps to the device again if it was swapped to before. It must be claimed no more.
    func swapAgain() throws {
        guard let activeSwap else { return }
        // The kernel chooses negative priorities by itself.
        try machine.activateSwap(
            activeSwap.path, priority: max(activeSwap.priority, -1), discard: discard)
        undo.remove(entry(activeSwap))
    }

    private func entry(_ swap: ActiveSwap) -> UndoNote.Entry {
        .swap(swap.path, number, priority: swap.priority, discard: discard)
    }

    private static func usual(
        _ configured: ConfiguredLocation?, _ machine: any Machine, _ report: Report
    ) throws -> ImageLocation {
        let line = KernelCommandLine(parsing: try machine.commandLine())
        if let location = ImageLocation.fromCommandLine(line) {
            report.detail("resume= of the kernel command line names \(location.device)")
            return location
        }
        if let configured {
            report.detail("kresume.conf names \(configured.device)")
            return ImageLocation(configured, line)
        }
        return ImageLocation(.path(try largestSwap(machine, report)))
    }

    /// The largest swap partition in use that can hold an image. Whether it is encrypted is no
    /// reason to look for another one: memory that was to be hidden is not written elsewhere.
    private static func largestSwap(_ machine: any Machine, _ report: Report) throws -> FilePath {
        var passedOver: [PassedOver] = []
        for swap in try machine.swaps().sorted(by: { $0.size > $1.size }) {
            if let reason = try unfitness(of: swap, machine) {
                passedOver.append(PassedOver(path: swap.path, reason: reason))
                continue
            }
            report.detail(
                "\(swap.path) is the largest swap partition in use that can hold an image")
            for other in passedOver { report.detail("\(other)") }
            return swap.path
        }
        throw HibernateError.noDevice(passedOver: passedOver)
    }

    /// Nil where it may hold an image.
    private static func unfitness(of swap: ActiveSwap, _ machine: any Machine) throws -> String? {
        guard swap.isBlockDevice else { return "it is a file, in a file system that is mounted" }
        guard let number = try machine.open(swap.path, .read, direct: false).number else {
            return "it is a file"
        }
        return try machine.storageFlaw(of: number)?.reason
    }

    /// Swap, or an image of ours. Anything else may be somebody's data, even if libblkid knows
    /// no name for it.
    private static func requireReplaceable(
        _ device: BlockDevice, offset: UInt64, _ machine: any Machine
    ) throws {
        let contents = try machine.contents(of: device)
        let page = try SignaturePage(device.readBytes(at: offset, count: PageFrame.size))
        if page.kind == .swap || page.kind == .image {
            // Elsewhere than at the beginning, libblkid says nothing about the place.
            let type = contents.signature?.type
            let isPlain = type == "swap" || type == "swsuspend"
            if offset > 0 || isPlain && contents.partitionTable == nil { return }
        }
        let name: String
        switch contents.superblock {
        case .one(let signature): name = signature.type
        case .ambivalent: name = "several superblocks"
        case .nothing:
            name = contents.partitionTable.map { "a partition table (\($0))" } ?? "no swap"
        }
        throw HibernateError.otherContents(device.path, name)
    }
}
