// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SwapArea

extension ImageArea {
    /// `count` bytes at an offset in the area: the shape in which the image format asks.
    package var readAt: (UInt64, Int) throws(PlatformError) -> [UInt8] {
        { (position, count) throws(PlatformError) in
            var bytes: [UInt8] = []
            for part in try self.parts(at: position, count: count) {
                let read = try self.devices[part.device].readBytes(
                    at: part.offset, count: part.count)
                if part.count == count { return read }
                bytes += read
            }
            return bytes
        }
    }

    package func signaturePage() throws -> SignaturePage {
        try SignaturePage(readAt(0, PageFrame.size))
    }

    /// Fills `buffers` one after the other from an offset in the area, or throws. A swap file may lie in many
    /// pieces: with a ring they are read at the same time.
    package func read(
        into buffers: [UnsafeMutableRawBufferPointer], at position: UInt64,
        by ring: ReadRing? = nil
    ) throws(PlatformError) {
        let count = buffers.reduce(0) { $0 + $1.count }
        let parts = try parts(at: position, count: count)
        if parts.count == 1 {
            return try devices[parts[0].device].read(into: buffers, at: parts[0].offset)
        }
        var rest = buffers[...]
        var partsOfDevice: [[BlockDevice.Part]] = devices.map { _ in [] }
        for part in parts {
            partsOfDevice[part.device].append(.init(rest.takeFirst(part.count), at: part.offset))
        }
        for (device, parts) in zip(devices, partsOfDevice) where !parts.isEmpty {
            try device.read(parts, by: ring)
        }
    }

    /// Writes all of `buffer` at an offset in the area, or throws.
    package func write(
        from buffer: UnsafeRawBufferPointer, at position: UInt64
    ) throws(PlatformError) {
        var done = 0
        for part in try parts(at: position, count: buffer.count) {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[done..<(done + part.count)])
            try devices[part.device].write(from: bytes, at: part.offset)
            done += part.count
        }
    }

    package func write(_ write: ImageWrite) throws {
        let buffer = AlignedBuffer(count: write.bytes.count)
        buffer.bytes.copyBytes(from: write.bytes)
        try self.write(
            from: UnsafeRawBufferPointer(rebasing: buffer.bytes[..<write.bytes.count]),
            at: write.offset)
    }

    /// Writes, and waits until all of it is on the medium.
    package func commit(_ writes: [ImageWrite]) throws {
        for write in writes { try self.write(write) }
        try flush()
    }

    /// Waits until what was written is on the medium.
    package func flush() throws {
        for device in devices { try device.flush() }
    }

    /// See ``BlockDevice/dropCaches()``.
    package func dropCaches() throws {
        for device in devices { try device.dropCaches() }
    }

    /// Says on each device but the first that it belongs to this image. Of no consequence until the first one
    /// says so, too.
    package func writeMemberPages(of image: ImageID) throws {
        for (index, page) in (layout?.memberPages ?? []).enumerated() {
            let bytes = MemberPage(image: image, device: index + 1).bytes
            let buffer = AlignedBuffer(count: bytes.count)
            buffer.bytes.copyBytes(from: bytes)
            try devices[index + 1].write(
                from: UnsafeRawBufferPointer(buffer.bytes), at: page.offset)
        }
    }

    /// Leaves nothing that passes for an image. Two things make one, and each is taken away even
    /// if the other cannot be; throws where neither could.
    package func invalidate(_ prepared: PreparedImage) throws {
        let steps = [
            StateRecord(id: prepared.header.id, state: .consumed).write,
            prepared.signaturePage.write,
        ]
        var failure: (any Error)?
        var done = 0
        for step in steps {
            do {
                try commit([step])
                done += 1
            } catch { failure = error }
        }
        if done == 0, let failure { throw failure }
    }

    /// Where some bytes are on the devices.
    private func parts(
        at position: UInt64, count: Int
    ) throws(PlatformError) -> [AreaLayout.Part] {
        if case .device(let error) = layoutError, position >= UInt64(PageFrame.size) { throw error }
        let end = position.addingReportingOverflow(UInt64(count))
        let start = offset.addingReportingOverflow(position)
        guard !end.overflow, !start.overflow, layout == nil || end.partialValue <= size else {
            throw .beyondEnd(path: device.path, offset: position, count: count, size: size)
        }
        return layout?.parts(at: position, count: count)
            ?? [AreaLayout.Part(offset: start.partialValue, count: count)]
    }
}

extension ArraySlice<UnsafeMutableRawBufferPointer> {
    /// Takes `count` bytes of them away. There are as many.
    fileprivate mutating func takeFirst(_ count: Int) -> [UnsafeMutableRawBufferPointer] {
        var taken: [UnsafeMutableRawBufferPointer] = []
        var left = count
        while left > 0, let buffer = popFirst() {
            let part = Swift.min(left, buffer.count)
            taken.append(UnsafeMutableRawBufferPointer(rebasing: buffer[..<part]))
            left -= part
            if part < buffer.count {
                insert(UnsafeMutableRawBufferPointer(rebasing: buffer[part...]), at: startIndex)
            }
        }
        return taken
    }
}
