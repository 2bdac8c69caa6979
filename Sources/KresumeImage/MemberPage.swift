// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum
import PhysicalMemory
import SwapArea

/// A page on a device that an area is on besides its first one: whose device it is, and which. By it the device
/// is known to kernels that call it otherwise.
package struct MemberPage: Hashable, Sendable {
    /// How many bytes are to be read.
    package static let size = ImageFormat.pageSize
    private static let checkedSize = 32

    package var image: ImageID
    /// Which of the area's devices; not 0.
    package var device: Int

    package init(image: ImageID, device: Int) {
        self.image = image
        self.device = device
    }

    /// Nil where `page` is none, or damaged.
    package init?(parsing page: [UInt8]) {
        do throws(ImageError) {
            var reader = ImageReader(page, at: 0)
            guard try reader.u64() == ImageFormat.memberMagic else { return nil }
            image = ImageID(low: try reader.u64(), high: try reader.u64())
            device = Int(try reader.u32())
            try reader.skip(4)
            let expected = try reader.u64()
            guard XXH64.hash(page.prefix(Self.checkedSize)) == expected else { return nil }
        } catch { return nil }
    }

    /// As it is on the device.
    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.size)
        writer.append(ImageFormat.memberMagic)
        writer.append(image.low)
        writer.append(image.high)
        writer.append(UInt32(device))
        writer.append(UInt32(0))
        writer.append(XXH64.hash(writer.bytes))
        writer.padToPage()
        return writer.bytes
    }
}
