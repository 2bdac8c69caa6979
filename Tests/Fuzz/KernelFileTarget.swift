// SPDX-License-Identifier: GPL-2.0-or-later

import PhysicalMemory
import TestSupport

@testable import LinuxBoot
@testable import SaverPlan

extension FuzzTarget {
    /// A kernel's file, and the plan that is made with it. An input is: what lies where a saver
    /// kernel may (1 byte), and changes of the setup header.
    static let kernelFile = FuzzTarget(name: "kernel-file", inputLimit: 256) {
        [
            [0], [1] + Change.put(UInt32(64 << 20), in: 0, at: 0x230 - 0x1f1),
            [2] + Change.put(UInt64(0x2200_0000), in: 0, at: 0x258 - 0x1f1),
            [3] + Change.put(UInt32(90 << 20), in: 0, at: 0x260 - 0x1f1), [4],
            [4] + Change.put(UInt32(50 << 20), in: 0, at: 0x260 - 0x1f1),
        ]
    } test: { input in
        guard let first = input.first else { return }
        var changes = Changes(Array(input.dropFirst()))
        var file = TestSupport.kernelFile()
        let regions = [0x1f1..<0x290, 0..<0x600]
        while let change = changes.next() {
            change.apply(to: &file, in: regions[change.region % regions.count])
        }
        let size = UInt64(file.count) - UInt64(first >> 4) * 2048
        guard let kernel = try? BzImage(parsing: Array(file.prefix(0x600)), fileSize: size) else {
            return
        }
        require(kernel.loadedOffset + kernel.loadedSize == size, "another size than the file's")
        require(
            kernel.alignment.nonzeroBitCount == 1 && kernel.alignment >= 4096, "alignment")
        require(kernel.initSize > 0 && kernel.setupHeader.count <= 0x290 - 0x1f1, "sizes")
        try checkPlan(with: kernel, first)
    }

    private static func checkPlan(with kernel: BzImage, _ choice: UInt8) throws {
        var input = try planInput()
        input.kernel = kernel
        if choice & 1 != 0 { input.region = frames(0x2100_1000, 0x2500_3000) }
        if choice & 2 != 0 { input.initrdSize = 40_000_000 }
        if choice & 4 != 0 {
            input.panicGuard = PanicGuard(
                program: [UInt8](repeating: 0, count: 4096), initPath: "/init", blockPages: 70,
                entryOffset: 1000)
        }
        guard let plan = try? SaverPlan(input) else { return }
        // Every page of the region belongs to exactly one segment; each is large enough.
        var next = input.region.lower
        for segment in plan.segments.dropFirst() {
            require(
                segment.frames.lower == next && !segment.frames.isEmpty, "\(segment.frames)")
            next = segment.frames.upper
            let size = segment.frames.count * 4096
            switch segment.source {
            case .kernel(let offset, let count):
                require(
                    offset == kernel.loadedOffset && count == kernel.loadedSize && count <= size
                        && kernel.initSize <= size, "\(count) bytes in \(size)")
                require(
                    plan.crashMemory.isEmpty
                        || plan.crashMemory.lower.address.rawValue
                            >= segment.frames.lower.address.rawValue + kernel.initSize
                            && plan.crashMemory.upper <= segment.frames.upper,
                    "the crash kernel lies in \(plan.crashMemory)")
            case .guardArchive: break
            case .initrd(let count): require(count <= size, "\(count) bytes in \(size)")
            case .bytes(let bytes): require(UInt64(bytes.count) <= size, "too many bytes")
            case .none: require(false, "a hole in the region")
            }
        }
        require(next == input.region.upper, "the region ends elsewhere")
    }
}
