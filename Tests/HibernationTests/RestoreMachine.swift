// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Bytes
import CHandoff
import Glibc
import Hibernation
import LinuxPlatform
import PhysicalMemory
import SystemPackage
import TestSupport

/// A restore kernel with an image on a device.
final class RestoreMachine {
    /// An image of ``OriginalKernel/shared``.
    static let image = Result { try savedImage(of: SaverKernel()) }

    let device: ScriptedDevice
    let machine = ScriptedMachine()
    let recorded: RecordedReport

    /// - Parameter image: nil: ``image``.
    init(
        _ recorded: RecordedReport = RecordedReport(), image: [UInt8]? = nil
    ) throws {
        self.recorded = recorded
        device = try ScriptedDevice(image ?? Self.image.get(), number: swapNumber)
        let device = device
        machine.change { $0.devices[swapPath] = device }
    }

    /// What `kresume resume /dev/sda2` throws, the user's reason and not the note that he was told.
    func resume(_ change: (inout Resume) -> Void = { _ in }) -> (any Error)? {
        var resume = Resume(machine, recorded.report)
        resume.location = ImageLocation(.path(swapPath))
        change(&resume)
        do { _ = try resume.run() } catch let error as ReportedError {
            return error.reason
        } catch { return error }
        return nil
    }

    /// Where the hand-off block was at the last jump of ``resumeToJump()``.
    private(set) var handoffBlock: PhysicalRange?

    var hasJumped: Bool { machine.script.deeds.contains("jump") }
    /// What was on the device when this kernel was left.
    var bytesAtJump: [UInt8] { machine.script.devicesAtJump[swapPath] ?? [] }

    /// Resumes up to the jump.
    ///
    /// - Returns: what memory would hold then, and which of the frames that A had are not as they
    ///   were.
    func resumeToJump() -> (memory: [UInt64: [UInt8]], wrong: [UInt64]) {
        let captured = CapturedMemory()
        machine.change { script in
            script.whenJumping = { _ throws(PlatformError) in
                captured.take()
                throw .call(.reboot, path: nil, .ioError)
            }
        }
        captured.read = { [unowned self] in
            handoffBlock = machine.script.loaded?.segments.first?.memory
            return try memoryAfterHandoff()
        }
        _ = resume()
        let zero = [UInt8](repeating: 0, count: 4096)
        let saved = OriginalKernel.ram.subtracting(FrameRange(PageFrame(0), count: 1))
            .subtracting(OriginalKernel.saverMemory)
        let frames = saved.ranges.flatMap { $0.lower.rawValue..<$0.upper.rawValue }
        let wrong = frames.filter { frame in
            let expected = OriginalKernel.shared.pages[frame] ?? zero
            return frame != OriginalKernel.messageFrame.rawValue
                && !isSame(captured.memory[frame] ?? zero, expected)
        }
        return (captured.memory, wrong)
    }

    /// What memory holds when the hand-off has done its work, frame by frame.
    func memoryAfterHandoff() throws -> [UInt64: [UInt8]] {
        let script = machine.script
        let pinned = script.pinned[0]
        var memory: [UInt64: [UInt8]] = [:]
        for range in script.frames {
            for frame in range.lower.rawValue..<range.upper.rawValue {
                memory[frame] = pinned.page(PageFrame(frame))
            }
        }
        guard let segment = script.loaded?.segments.first else { return [:] }
        let parameters = kresume_handoff_parameters_offset()
        let root: UInt64? = segment.bytes.integer(at: parameters + Int(HANDOFF_TOP_TABLE_4))
        let tables = X86PageTables(root: PageFrame((root ?? 0) / 4096), depth: .four)
        // The hand-off sees nothing that its tables do not show.
        var seen: [PageFrame: [UInt8]] = [:]
        func isMapped(_ page: UInt64) -> Bool {
            tables.walk(page * 4096, to: .read) { table in
                if let bytes = seen[table] { return bytes }
                let offset = Int(table.address.rawValue) - Int(segment.memory.start.rawValue)
                guard offset >= 0 && offset + 4096 <= segment.bytes.count else { return nil }
                seen[table] = Array(segment.bytes[offset..<offset + 4096])
                return seen[table]
            }.address?.rawValue == page * 4096
        }
        var list =
            segment.bytes.integer(at: parameters + Int(HANDOFF_LIST), as: UInt64.self) ?? 0
        while list != 0 {
            let page = list / 4096
            let bytes = memory[page] ?? []
            let count = bytes.integer(at: Int(LIST_COUNT), as: UInt32.self) ?? 0
            for move in 0..<Int(count) {
                let offset = Int(LIST_MOVES) + move * Int(MOVE_SIZE)
                let source = bytes.integer(at: offset, as: UInt64.self) ?? 0
                let destination = (bytes.integer(at: offset + 8, as: UInt64.self) ?? 0) / 4096
                for page in 0..<(bytes.integer(at: offset + 16, as: UInt64.self) ?? 0)
                where isMapped(destination + page) {
                    memory[destination + page] =
                        source < 4096
                        ? [UInt8](repeating: UInt8(source), count: 4096)
                        : memory[source / 4096 + page]
                }
            }
            let fill = bytes.integer(at: Int(LIST_FILL), as: UInt32.self) ?? 0
            memory[page] = [UInt8](repeating: UInt8(fill), count: 4096)
            list = bytes.integer(at: Int(LIST_NEXT), as: UInt64.self) ?? 0
        }
        return memory
    }
}

/// Not byte by byte, as `==` has it where nothing is optimised.
private func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && memcmp(one, other, one.count) == 0
}
