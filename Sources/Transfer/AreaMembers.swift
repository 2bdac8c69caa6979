// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import SwapArea
import SystemPackage

/// The devices that an image is on besides its first one, by the pages that say so.
package struct AreaMembers {
    private let pages: [DevicePage]
    private let image: ImageID

    package init(of layout: AreaLayout, _ image: ImageID) {
        pages = layout.memberPages
        self.image = image
    }

    /// Throws where one is not here, and where it cannot be told which it is.
    package func open(
        _ access: BlockDevice.Access, on machine: some DeviceAccess
    ) throws(ImageReadError<PlatformError>) -> [BlockDevice] {
        let paths = try find(on: machine, SeenDevices())
        do throws(PlatformError) {
            var devices: [BlockDevice] = []
            for path in paths { devices.append(try machine.openDirectly(path, access)) }
            return devices
        } catch { throw .device(error) }
    }

    /// In the layout's order; for the rest see ``open(_:on:)``.
    package func find(
        on machine: some DeviceAccess, _ seen: SeenDevices
    ) throws(ImageReadError<PlatformError>) -> [FilePath] {
        let list: BlockDeviceList
        do { list = try seen.devices(on: machine) } catch { throw .device(error) }
        var paths: [FilePath] = []
        for (index, page) in pages.enumerated() {
            let matching = list.uppermost { entry in
                seen.answer(Self.firstQuestion + index, about: entry) {
                    isMember(entry, index + 1, page, machine)
                }
            }
            if matching.count > 1 { throw .image(.deviceTwice(index + 1)) }
            paths += matching.map(\.path)
        }
        guard paths.count == pages.count else {
            throw .image(.devicesMissing(found: paths.count + 1, of: pages.count + 1))
        }
        return paths
    }

    /// Whoever waits for the first device has others.
    private static let firstQuestion = 16

    /// Nil where the device cannot be read.
    private func isMember(
        _ entry: BlockDeviceList.Entry, _ index: Int, _ page: DevicePage,
        _ machine: some DeviceAccess
    ) -> Bool? {
        guard page.offset < entry.size, entry.size - page.offset >= UInt64(MemberPage.size) else {
            return false
        }
        guard let device = try? machine.openDirectly(entry.path, .read),
            let bytes = try? device.readBytes(at: page.offset, count: MemberPage.size)
        else { return nil }
        return MemberPage(parsing: bytes) == MemberPage(image: image, device: index)
    }
}
