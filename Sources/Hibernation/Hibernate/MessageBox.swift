// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import PhysicalMemory
import Restore
import SaverPlan
import Threads

/// The page of A's memory in which A reads, once it runs again, what happened meanwhile; and others
/// that B can read.
final class MessageBox {
    private struct Place {
        var frame: PageFrame
        var slot: Int
    }

    private let memory: any PinnedPages
    private let avoided: FrameSet
    /// The message's comes first.
    private var places: [Place] = []
    private var spare: [Place] = []

    /// More than an image has before its data.
    private static let pageLimit = 512

    /// - Parameter avoided: the saver's memory. What is there while the saver runs is not A's, so
    ///   nobody could write a word to it.
    init(avoiding avoided: FrameSet, on machine: any Machine) throws {
        self.avoided = avoided
        memory = try machine.reserveMemory(pageCapacity: Int(avoided.count) + Self.pageLimit)
        places.append(try takePlace())
        leave(MessagePage(.pending))
    }

    var frame: PageFrame { places[0].frame }

    /// Writes what is to be read by whoever comes next.
    func leave(_ message: MessagePage) { store(message.bytes[...], in: places[0]) }

    /// Keeps pages for B.
    ///
    /// - Parameter bytes: whole pages.
    /// - Returns: where they are.
    func keep(_ bytes: [UInt8]) throws -> [PageFrame] {
        try stride(from: 0, to: bytes.count, by: PageFrame.size).map { offset in
            let place = try takePlace()
            places.append(place)
            store(bytes[offset..<offset + PageFrame.size], in: place)
            return place.frame
        }
    }

    /// Throws where a page is no longer in the frame that was told.
    func checkNotMoved() throws {
        let moved = try places.filter {
            try memory.runs(fromSlot: $0.slot).first?.frames.lower != $0.frame
        }
        if !moved.isEmpty { throw RestoreError.framesMoved(count: moved.count) }
    }

    var message: MessagePage? {
        MessagePage(
            UnsafeRawBufferPointer(
                start: memory.address(ofSlot: places[0].slot), count: PageFrame.size))
    }

    private func store(_ bytes: ArraySlice<UInt8>, in place: Place) {
        memory.address(ofSlot: place.slot).copyMemory(
            from: Array(bytes), byteCount: PageFrame.size)
    }

    private func takePlace() throws -> Place {
        while spare.isEmpty {
            let first = memory.pageCount
            try memory.grow(byPages: 1, unless: Cancellation())
            for run in try memory.runs(fromSlot: first) {
                for range in FrameSet([run.frames]).subtracting(avoided).ranges {
                    let skipped = Int(range.lower.rawValue - run.frames.lower.rawValue)
                    spare += (0..<range.count).map {
                        Place(frame: range.lower + $0, slot: run.firstIndex + skipped + Int($0))
                    }
                }
            }
            spare.reverse()
        }
        return spare.removeLast()
    }
}
