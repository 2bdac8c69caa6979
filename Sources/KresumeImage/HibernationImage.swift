// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import SwapArea

/// A complete image: everything about it but the pages themselves.
package struct HibernationImage: Hashable, Sendable {
    package var header: ImageHeader
    /// Ready or resuming.
    package var state: ImageState
    /// How often the machine was started again to get its memory map; see ``StateRecord``.
    package var mapRetries: UInt32 = 0
    package var machine: MachineRecord
    /// What the original kernel had mounted, where the image says it.
    package var fileSystems: [FileSystemRecord] = []
    /// What the saver kernel has to say of its work: lines for people.
    package var report: [String] = []
    /// Where the area is on its device; nil: in consecutive bytes.
    package var layout: AreaLayout?
    /// Ascending, disjoint, in ``memory``.
    package var runs: [PageRun]
    /// In the order of the data stream.
    package var chunks: [Chunk]
    /// Of a sealed image.
    var evidence: SealEvidence?

    /// What runs may fill, the saver's memory included.
    package var memory: FrameSet { machine.memory(withACPIData: header.hasACPIData) }

    /// Reads and checks an image, or returns nil where there is none of ours (see
    /// ``ImageFront/read(areaSize:readAt:)``, also for the parameters).
    ///
    /// Throws ``ImageError/wrongState(found:)`` for one that has been used. An image in the state
    /// *resuming* is returned: whether to use it is not for the format to say.
    package static func read<E>(
        areaSize: UInt64, readAt: (_ offset: UInt64, _ count: Int) throws(E) -> [UInt8]
    ) throws(ImageReadError<E>) -> HibernationImage? {
        guard let front = try ImageFront.read(areaSize: areaSize, readAt: readAt) else {
            return nil
        }
        return try read(front, areaSize: areaSize, readAt: readAt)
    }

    /// The same for one whose front has been read.
    package static func read<E>(
        _ front: ImageFront, areaSize: UInt64,
        readAt: (_ offset: UInt64, _ count: Int) throws(E) -> [UInt8]
    ) throws(ImageReadError<E>) -> HibernationImage {
        guard front.state == .ready || front.state == .resuming else {
            throw .image(.wrongState(found: front.state))
        }
        let sections = try StoredSections(of: front.header, readAt: readAt)
        do throws(ImageError) {
            var header = front.header
            let evidence = try sections.evidence(of: &header, page: front.headerPage)
            let image = HibernationImage(
                header: header, state: front.state, mapRetries: front.mapRetries,
                machine: try MachineRecord(sections),
                fileSystems: try sections.parseFileSystems(),
                report: try sections.parseReport(),
                layout: try sections.parseLayout(of: header),
                runs: try sections.parse(.runs, PageRun.parse),
                chunks: try sections.parse(.chunks) { (reader) throws(ImageError) in
                    try Chunk.parse(&reader, isSealed: header.isSealed)
                }, evidence: evidence)
            try image.validate(areaSize: areaSize)
            return image
        } catch { throw .image(error) }
    }
}
