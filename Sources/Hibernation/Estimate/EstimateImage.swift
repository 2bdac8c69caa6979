// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import StoppedKernel
import SystemPackage
import Threads
import Transfer

/// `kresume estimate`: how large an image would be, how long it would take, and what the saver kernel
/// needs. It looks at some of the memory as the saver kernel would at all of it, and changes nothing.
package struct EstimateImage {
    /// How it would be hibernated.
    private let hibernate: Hibernate
    private let machine: any Machine

    /// Parts of a MiB each.
    private static let sampleParts = 256
    private static let tries = 5
    /// What is read of the device to know how fast it is, in bytes, and at a time.
    private static let probeSize: UInt64 = 64 << 20
    private static let probeStep: UInt64 = 1 << 20

    package init(_ hibernate: Hibernate) {
        self.hibernate = hibernate
        machine = hibernate.machine
    }

    package func run() throws -> Estimate {
        try Permission.requireRoot(machine)
        let saver = try saverParts()
        let kernel = try RunningKernel(machine)
        let ram = SavedMemory.expected(try MachineFacts.firmwareMap(machine).ram)
        var pages = PageKinds(ram.ranges)
        let free = freePages(kernel, ram)
        if let free { for range in free.ranges { pages.leaveOut(range) } }
        let found = pages.pageCount * UInt64(PageFrame.size)
        // When the other CPUs are stopped, they let go what they have set aside.
        let setAside = free == nil ? 0 : try machine.memory().setAside
        let memorySize = found - min(found, setAside)
        let sample = try MemorySample(
            of: pages, limit: Self.sampleParts, compression: hibernate.compression.chunks,
            level: hibernate.compression.level
        ) { frames in
            kernel.physicalBytes(
                at: frames.lower.address, count: Int(frames.count) * PageFrame.size)
        }
        let scaled = { (size: UInt64) in
            UInt64(Double(size) / Double(max(sample.size, 1)) * Double(memorySize))
        }
        let cpus = Parallel.usableCPUs
        return Estimate(
            memorySize: memorySize, dataSize: min(scaled(sample.dataSize), memorySize),
            freeSize: free.map { $0.count * UInt64(PageFrame.size) + setAside },
            droppedSize: try droppedSize(), imageSize: scaled(sample.storedSize),
            sampleSize: sample.size, compression: hibernate.compression.name,
            packingTime: scaled(sample.nanoseconds) / UInt64(cpus) / 1_000_000, cpuCount: cpus,
            target: target(), saver: saver)
    }

    /// Lets the files go that were read for it, or they would count as memory in use.
    private func saverParts() throws -> [SaverMemory.Part] {
        try hibernate.loadSaver().prepare().expected.parts
    }

    /// What changes while it is looked at may contradict itself.
    private func freePages(_ kernel: RunningKernel, _ ram: FrameSet) -> FrameBits? {
        for _ in 0..<Self.tries {
            if let free = try? kernel.freePages(of: ram) { return free }
        }
        return nil
    }

    /// See ``ShrinkMemory``.
    private func droppedSize() throws -> UInt64 {
        let memory = try machine.memory()
        let limit = hibernate.imageSize ?? memory.total / 5 * 2
        guard memory.used > limit else { return 0 }
        let droppable = memory.available - min(memory.available, memory.free)
        return hibernate.cacheDropping == .oldest ? min(droppable, memory.used - limit) : droppable
    }

    /// Nil where `hibernate` would find none, which `check` explains.
    private func target() -> (name: String, size: UInt64, speed: UInt64)? {
        let report = Report(.quiet)
        guard
            let target = try? TargetDevice(
                hibernate.location, hibernate.configured, force: true,
                unlock: hibernate.unlockInSaver,
                isSealed: (try? hibernate.encryption.seal(machine)) != nil, on: machine, report,
                UndoList(machine, report)),
            let area = try? target.look()
        else { return nil }
        return (target.name, area.size, readingSpeed(of: target, area))
    }

    /// Past the cache, in bytes a second; 0 where nothing can be read.
    private func readingSpeed(of target: TargetDevice, _ area: ImageArea) -> UInt64 {
        guard let device = try? machine.openDirectly(target.path, .read) else { return 0 }
        let start = machine.uptime()
        var done: UInt64 = 0
        let end = min(Self.probeSize, device.size - min(device.size, target.offset))
        while done + Self.probeStep <= end {
            let bytes = try? device.readBytes(
                at: target.offset + done, count: Int(Self.probeStep))
            if bytes == nil { return 0 }
            done += Self.probeStep
        }
        let nanoseconds = max(machine.uptime() - start, 1)
        return UInt64(Double(done) / Double(nanoseconds) * 1e9)
    }
}
