// SPDX-License-Identifier: GPL-2.0-or-later

import BootProtocol
import KresumeImage
import LinuxPlatform
import PhysicalMemory

/// `kresume save`, in the saver kernel: write A's memory, then switch the machine off. On any
/// failure A goes on, and reads why.
public struct Save {
    private let report: Report

    public init(_ report: Report) { self.report = report }

    /// Returns false where this kernel was not started to save anything; else only by an error,
    /// when even the way back failed.
    public func run() throws -> Bool {
        let line = KernelCommandLine(parsing: try KernelInfo.commandLine())
        guard let orders = try SaverOrders(line) else { return false }
        try Permission.requireRoot()
        let wayBack = layWayBack(orders)
        do {
            try save(orders, DeviceWait(line, report))
        } catch {
            let reason = explanation(of: error)
            guard let wayBack else { throw error }
            report.fail("the image was not saved: \(reason); going back")
            try wayBack.take(saying: reason)
        }
    }

    /// Without a way back the image is still to be saved: there is nothing better to do.
    private func layWayBack(_ orders: SaverOrders) -> WayBack? {
        do { return try WayBack(orders) } catch {
            report.warn("if saving fails, there is no way back: \(explanation(of: error))")
            return nil
        }
    }

    private func save(_ orders: SaverOrders, _ wait: DeviceWait) throws -> Never {
        let memory = try SavedMemory()
        let (path, offset) = try FindArea(
            id: orders.parameters.image, offsetPages: orders.parameters.offsetPages
        ).find(wait)
        let area = try ImageArea(open: path, offset: offset, .exclusive)
        let prepared = try PreparedImage(
            reading: orders.parameters.image, areaSize: area.size, readAt: area.readAt)
        try memory.requireAll(of: prepared.machine)
        report.note("saving the memory of Linux \(prepared.machine.system.kernelRelease) to \(path)")
        do {
            let image = WriteImage(prepared, area, memory, report)
            try image.write(jumpBackEntry: orders.jumpBackEntry)
            report.note("saved \(image.summary)")
            try Power.off()
            throw SaveError.stillRunning
        } catch {
            // A is about to go on: what was written must not pass for an image.
            _ = try? area.invalidate(prepared)
            throw error
        }
    }
}
