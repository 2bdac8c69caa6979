// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import LinuxPlatform
import PhysicalMemory
import SwapArea
import SystemPackage
import Transfer

/// The place that is to take the image, checked: nobody loses anything by what is written to it. A device,
/// a swap file, or where one of these is beneath what encrypts it or makes it of parts.
struct TargetDevice {
    /// What is written to; of several devices the one with the image's beginning.
    let path: FilePath
    let number: DeviceNumber
    /// All that is written to, in the layout's order.
    private let paths: [FilePath]
    /// Where the image area begins there, in pages.
    let offsetPages: UInt64
    /// The same in bytes.
    let offset: UInt64
    /// Nil for a place that begins with the offset, and goes on.
    let layout: AreaLayout?
    /// Nil where what is written to is one device to the saver kernel, too.
    let mirrored: MirroredTarget?
    /// What was chosen; something else than ``path`` where that is beneath.
    let chosen: ChosenTarget
    /// Nil where what is chosen is what is written to.
    private let beneath: PlaceBeneath?
    private let machine: any Machine
    private let undo: UndoList
    /// Swap that is in use there now.
    let activeSwap: ActiveSwap?
    private let swapNumber: DeviceNumber
    private let discard: SwapDiscard

    /// - Parameters:
    ///   - named: see ``ChosenTarget``.
    ///   - force: whatever is on the device may go, and whatever may go wrong is accepted; not what
    ///     goes wrong for certain.
    ///   - unlock: the saver kernel is to unlock a device that is encrypted.
    ///   - isSealed: the image is going to be encrypted.
    init(
        _ named: ImageLocation?, _ configured: ConfiguredLocation?, force: Bool, unlock: Bool,
        isSealed: Bool, on machine: any Machine, _ report: Report, _ undo: UndoList
    ) throws {
        self.machine = machine
        self.undo = undo
        chosen = try ChosenTarget(named, configured, on: machine, report)
        let path = chosen.path
        let device = try machine.open(path, .read, direct: false)
        guard let number = device.number else { throw HibernateError.notABlockDevice(path) }
        swapNumber = number
        activeSwap = try chosen.file.map { try $0.activeSwap } ?? machine.swap(on: number)
        discard = activeSwap.flatMap { machine.swapDiscard(of: $0.path) } ?? .none
        if chosen.file == nil, let mount = try machine.mounts(of: number).first {
            throw HibernateError.mounted(path, on: mount.mountPoint)
        }
        if let flaw = try machine.storageFlaw(of: number), flaw.losesAll || !force {
            throw HibernateError.flawed(path, flaw)
        }
        if device.isReadOnly { throw HibernateError.writeProtected(path) }
        let mapping = try unlock ? nil : machine.encryption(of: number)
        let place =
            try unlock || mapping != nil && !isSealed
            ? nil : Self.placeBeneath(chosen, device, number, machine)
        // An earlier image beneath leaves no signature on top.
        if try !force && place?.holdsImage(machine) != true {
            try Self.requireReplaceable(device, offset: chosen.offset, machine)
        }
        if case let page? = try? SignaturePage(
            device.readBytes(at: chosen.offset, count: PageFrame.size)),
            page.badPages > 0
        {
            throw HibernateError.badPages(path)
        }
        if let mapping {
            if !isSealed { throw HibernateError.encrypted(path, mapping: mapping) }
            if place == nil { throw HibernateError.encryptedOtherwise(path, mapping: mapping) }
        }
        beneath = place
        mirrored = try MirroredTarget(
            place?.devices.map(\.number) ?? [number], path, force: force, on: machine)
        guard let place else {
            (self.path, self.number, paths) = (path, number, [path])
            (offsetPages, offset) = (chosen.offsetPages, chosen.offset)
            layout = chosen.file?.layout
            return
        }
        (self.path, self.number) = (place.first.path, place.first.number)
        paths = place.devices.map(\.path)
        layout = place.imageLayout
        let first = place.imageLayout.first
        (offsetPages, offset) = (first.rawValue, first.offset)
    }

    /// What to tell a next boot, and where in pages. One that has put a logical volume together finds the image by
    /// that; what encrypts may stay locked.
    var announced: (path: FilePath, offsetPages: UInt64) {
        beneath?.isEncrypted == false
            ? (chosen.path, chosen.offsetPages) : (path, offsetPages)
    }

    /// Of a file, or of all that a place on a device can be: up to its end, or to that of the swap area.
    private static func placeBeneath(
        _ chosen: ChosenTarget, _ device: BlockDevice, _ number: DeviceNumber,
        _ machine: any Machine
    ) throws -> PlaceBeneath? {
        if let layout = chosen.file?.layout {
            return try PlaceBeneath(layout, on: number, machine)
        }
        let area = try ImageArea(on: device, offset: chosen.offset, .nothing)
        let run = DeviceRun(
            DevicePage(chosen.offsetPages), count: area.size / UInt64(PageFrame.size))
        return try AreaLayout([run]).flatMap { try PlaceBeneath($0, on: number, machine) }
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

    /// The user's name for it.
    var name: String { "\(chosen.file?.path ?? chosen.path)" }

    /// Takes the place for ourselves, free of an earlier image. That of a file is its file system's, too.
    func claim() throws -> ImageArea {
        let area = try beneath.map { try claim(beneath: $0) } ?? claimChosen()
        // An image that is overwritten must not be found by half.
        try DiscardImage.discardOurs(in: area)
        try mirrored?.prove(area)
        return area
    }

    private func claimChosen() throws -> ImageArea {
        if let layout = chosen.file?.layout {
            return try ImageArea(open: [chosen.path], layout: layout, .readWrite, on: machine)
        }
        return try ImageArea(
            open: chosen.path, offset: chosen.offset, .exclusive, holding: .nothing, on: machine)
    }

    /// What is on top stays claimed as long as the area lives. An image there is in the way of one beneath.
    private func claim(beneath place: PlaceBeneath) throws -> ImageArea {
        let top = try claimChosen()
        try DiscardImage.discardOurs(in: top)
        let whole = try ImageArea(
            open: paths, layout: place.layout, .readWrite, holding: top.device, on: machine)
        try ProvePlace(
            area: top, beneath: whole, isEncrypted: place.isEncrypted, machine: machine
        ).run()
        return try ImageArea(on: whole.devices, layout: place.imageLayout, holding: top.device)
    }

    /// For somebody who only reads. Throws where ``claim()`` would, but for swap in use.
    func look() throws -> ImageArea {
        if let layout { return try ImageArea(open: paths, layout: layout, .read, on: machine) }
        return try ImageArea(
            open: path, offset: offset, activeSwap == nil ? .exclusive : .read, holding: .nothing,
            on: machine)
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
        .swap(swap.path, swapNumber, priority: swap.priority, discard: discard)
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
