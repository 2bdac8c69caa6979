// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxBoot
import LinuxPlatform
import PhysicalMemory
import SystemPackage

/// Where a configuration says that images are.
package struct ConfiguredLocation: Hashable, Sendable {
    package var device: DeviceSpecification
    /// In pages, as in `resume_offset=`, which beats it.
    package var offsetPages: UInt64?
    /// Where an offset is to be written.
    package var source: OffsetSource

    package init(
        device: DeviceSpecification, offsetPages: UInt64? = nil,
        source: OffsetSource = .configuration
    ) {
        self.device = device
        self.offsetPages = offsetPages
        self.source = source
    }
}

/// A device and a place on it, as the user or the kernel command line names them.
package struct ImageLocation: Sendable {
    package var device: DeviceSpecification
    /// Where the image area begins, in pages of 4096 bytes, as in `resume_offset=`.
    package var offsetPages: UInt64
    /// Nil where nobody has said the offset, and it is 0.
    var offsetSource: OffsetSource?

    package init(
        _ device: DeviceSpecification, offsetPages: UInt64? = nil,
        _ source: OffsetSource = .option
    ) {
        self.device = device
        self.offsetPages = offsetPages ?? 0
        offsetSource = offsetPages == nil ? nil : source
    }

    /// `resume=` and `resume_offset=`, where the command line has them.
    static func fromCommandLine(_ line: KernelCommandLine) throws -> ImageLocation? {
        guard let name = line.resumeDevice, let device = DeviceSpecification(name) else {
            return nil
        }
        return ImageLocation(device, offsetPages: try offset(line), .commandLine)
    }

    /// Throws for what is not a number, of which the kernel reads the first digits: it was meant to be some
    /// place, and 0 is another one.
    private static func offset(_ line: KernelCommandLine) throws -> UInt64? {
        guard let text = line.value(of: "resume_offset") else { return nil }
        guard let offset = line.resumeOffset else { throw MachineError.resumeOffset(text) }
        return offset
    }

    /// What a configuration says, where the command line has no `resume=`; it may have the offset.
    init(_ configured: ConfiguredLocation, _ line: KernelCommandLine) throws {
        if let offset = try Self.offset(line) {
            self.init(configured.device, offsetPages: offset, .commandLine)
        } else {
            self.init(
                configured.device, offsetPages: configured.offsetPages, configured.source)
        }
    }

    /// As ``resolve()``, and waits for a device that is not there yet.
    func resolve(_ wait: DeviceWait) throws -> (path: FilePath, offset: UInt64) {
        try wait.until("the device \(device)") { seen in
            do { return try resolve(on: wait.machine, seen) } catch {
                if isNotThereYet(error) { return nil }
                throw error
            }
        } ?? resolve(on: wait.machine)
    }

    private func isNotThereYet(_ error: any Error) -> Bool {
        if let error = error as? MachineError, case .noSuchDevice = error { return true }
        if let error = error as? PlatformError, case .noDeviceNode = error { return true }
        return false
    }

    /// The device's path now, and the area's offset in bytes.
    func resolve(
        on machine: any DeviceAccess, _ seen: SeenDevices = SeenDevices()
    ) throws -> (path: FilePath, offset: UInt64) {
        let (offset, overflow) = offsetPages.multipliedReportingOverflow(
            by: UInt64(PageFrame.size))
        switch try machine.lookUp(device, seen) {
        case .found(let path): return (path, overflow ? UInt64.max : offset)
        case .notFound: throw MachineError.noSuchDevice(device)
        case .several(let paths): throw MachineError.ambiguousDevice(device, paths)
        }
    }
}
