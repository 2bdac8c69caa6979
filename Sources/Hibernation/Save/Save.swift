// SPDX-License-Identifier: GPL-2.0-or-later

import BootProtocol
import KresumeImage
import LinuxPlatform

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
        do {
            try Permission.requireRoot()
            try save(orders)
        } catch {
            let reason = explanation(of: error)
            report.fail("the image was not saved: \(reason); going back")
            try GoBack(orders: orders).run(saying: reason)
        }
        return true
    }

    private func save(_ orders: SaverOrders) throws {
        let parameters = orders.parameters
        let memory = try SavedMemory()
        let (path, offset) = try FindArea(
            id: parameters.image, offsetPages: parameters.offsetPages
        ).find()
        let area = try ImageArea(open: path, offset: offset, .exclusive)
        let prepared = try PreparedImage(
            reading: parameters.image, areaSize: area.size, readAt: area.readAt)
        report.note("saving the memory of Linux \(prepared.machine.system.kernelRelease) to \(path)")
        let image = WriteImage(prepared, area, memory, report)
        try image.write(jumpBackEntry: orders.jumpBackEntry)
        report.note("saved \(image.summary)")
        try Power.off()
    }
}
