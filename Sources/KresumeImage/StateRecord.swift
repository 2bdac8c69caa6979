// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import Checksum

/// Where an image is in its life.
package enum ImageState: UInt32, Hashable, Sendable {
    /// The original kernel is about to jump, or the saver kernel is writing.
    case prepared = 1
    /// Complete, never tried.
    case ready = 2
    /// A restore kernel was about to jump. The machine may have run since.
    case resuming = 3
    /// The original kernel has come back.
    case consumed = 4
}

/// The state of an image, in a record that one write of a logical block replaces.
package struct StateRecord: Hashable, Sendable {
    /// Its offset in the image area, and how many bytes are to be read there.
    package static let offset = ImageFormat.stateOffset
    package static let size = ImageFormat.pageSize

    private static let checkedSize = 32

    package var id: ImageID
    package var state: ImageState
    /// How often a restore kernel started the machine again because its memory map was another one.
    package var mapRetries: UInt32

    package init(id: ImageID, state: ImageState, mapRetries: UInt32 = 0) {
        self.id = id
        self.state = state
        self.mapRetries = mapRetries
    }

    /// Reads the record at the beginning of `page`.
    package init(parsing page: [UInt8]) throws(ImageError) {
        var reader = ImageReader(page, at: Self.offset)
        let magic = try reader.u64()
        guard magic == ImageFormat.stateMagic else {
            throw .magic(.state, offset: Self.offset, found: magic)
        }
        id = ImageID(low: try reader.u64(), high: try reader.u64())
        let rawState = try reader.u32()
        mapRetries = try reader.u32()
        let expected = try reader.u64()
        let found = XXH64.hash(page.prefix(Self.checkedSize))
        guard found == expected else {
            throw .checksum(.state, offset: Self.offset, expected: expected, found: found)
        }
        guard let state = ImageState(rawValue: rawState) else { throw .unknownState(rawState) }
        self.state = state
    }

    /// What is to be written.
    package var write: ImageWrite {
        var writer = ByteWriter(capacity: Self.size)
        writer.append(ImageFormat.stateMagic)
        writer.append(id.low)
        writer.append(id.high)
        writer.append(state.rawValue)
        writer.append(mapRetries)
        writer.append(XXH64.hash(writer.bytes))
        writer.padToPage()
        return ImageWrite(offset: Self.offset, bytes: writer.bytes)
    }
}
