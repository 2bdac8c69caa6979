// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import SaverPlan

/// What hibernating would come to, as far as can be told before: see ``EstimateImage``. Sizes in bytes.
package struct Estimate: Sendable {
    /// What would be saved, and what of that holds something.
    var memorySize, dataSize: UInt64
    /// What is free and left out; nil where that cannot be told.
    var freeSize: UInt64?
    /// What of the memory could go before, for it is page cache; 0 where nothing needs to.
    var droppedSize: UInt64
    var imageSize: UInt64
    /// How much of the memory was looked at.
    var sampleSize: UInt64
    var compression: String
    /// What packing takes on all CPUs together, in milliseconds.
    var packingTime: UInt64
    var cpuCount: Int
    /// Where it would be written, how much room is there, and what is read there in a second; nil where
    /// no place is found.
    var target: (name: String, size: UInt64, speed: UInt64)?
    var saver: [SaverMemory.Part]

    package var text: String {
        var lines = [
            "memory: \(mebibytes(memorySize)) to save, of which \(mebibytes(memorySize - dataSize)) "
                + "are zeroes"
                + (freeSize.map { "; \(mebibytes($0)) are free and left out" } ?? "")
        ]
        if freeSize == nil {
            lines.append("free memory would be saved too: which it is cannot be told")
        }
        if droppedSize > 0 {
            lines.append(
                "before that, page cache is dropped (--image-size): up to \(mebibytes(droppedSize))"
            )
        }
        let room =
            target.map { ", \($0.name) has room for \(mebibytes($0.size))" }
            ?? ", and there is no place for it"
        lines.append(
            "image: about \(mebibytes(imageSize)) by \(compression) (\(mebibytes(sampleSize)) were "
                + "tried)\(room)")
        lines.append(
            "time to save: about \(seconds(milliseconds: time)), and the start of the saver kernel")
        let cpus = cpuCount == 1 ? "1 CPU" : "\(cpuCount) CPUs"
        lines.append("  packing: \(seconds(milliseconds: packingTime)) on \(cpus)")
        if let target, target.speed > 0 {
            lines.append(
                "  writing: \(seconds(milliseconds: writingTime)), if the device writes as fast as it reads "
                    + "(\(mebibytes(target.speed)) a second)")
        }
        lines.append("saver kernel: \(mebibytes(saver.reduce(0) { $0 + $1.size })) of memory")
        lines += saver.map { "  \($0.name): \(mebibytes($0.size))" }
        return lines.joined(separator: "\n")
    }

    /// Both go on at the same time.
    private var time: UInt64 { max(packingTime, writingTime) }

    private var writingTime: UInt64 {
        guard let target, target.speed > 0 else { return 0 }
        return UInt64(Double(imageSize) / Double(target.speed) * 1000)
    }
}
