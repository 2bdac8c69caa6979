// SPDX-License-Identifier: GPL-2.0-or-later

import Hibernation
import SystemPackage

/// Commands that stop the machine or bring it back.
extension Command {
    static let resume = Command(
        name: "resume", operands: "[DEVICE]",
        summary: "Bring back the machine whose memory is in an image.",
        details: """
            For an initramfs, before anything is mounted. Without DEVICE the image is where
            resume= of the kernel command line says, else where --default does; without both, it is
            the only one there is.
            Returns where there is no image (status 0) and where it cannot be used (1).
            """,
        options: [
            .offset,
            CommandLineOption("dry-run", short: "n", "check and plan, print the plan, do not jump"),
            CommandLineOption("retry", "take an image that was tried before"),
            CommandLineOption("default", argument: "DEVICE",
                "where to look if there is no resume="),
            CommandLineOption("wait", short: "w", argument: "SECONDS",
                "wait so long for it to come (default: kresume.wait=, else 30)"),
            .debugPort,
        ], operandCount: 0...1
    ) { arguments, report in
        var resume = Resume(report)
        resume.location = try arguments.location()
        resume.dryRun = arguments.contains("dry-run")
        resume.retry = arguments.contains("retry")
        resume.configured = try arguments.device("default")
        resume.wait = try arguments.number("wait")
        resume.debugPort = try arguments.port()
        switch try resume.run() {
        case .noImage: report.detail("nothing to resume")
        case .plan(let plan): print(plan)
        }
        return .success
    }

    static let hibernate = Command(
        name: "hibernate", operands: "[DEVICE]",
        summary: "Save this machine's memory, switch it off; return when it is resumed.",
        details: """
            Without DEVICE the image goes where resume= of the kernel command line says; without
            that, to the largest swap partition in use. Returns 0 after the resume, and 1 where
            the machine went on without having been off.
            """,
        options: [
            .offset,
            CommandLineOption("force", short: "f", "overwrite whatever DEVICE holds"),
            CommandLineOption("saver-kernel", short: "k", argument: "FILE",
                "the kernel that writes the image (default: the running one's)"),
            CommandLineOption("saver-initrd", short: "i", argument: "FILE",
                "its initramfs (default: the running kernel's)"),
            CommandLineOption("saver-memory", short: "m", argument: "SIZE",
                "memory for it to live in (default: by the size of both)"),
            CommandLineOption("image-size", short: "s", argument: "SIZE",
                "drop page cache where more memory is in use (default: 2/5 of it)"),
            CommandLineOption("compression", short: "c", argument: "HOW",
                "lz4 (fast, the default), zstd or zstd:LEVEL (small; 1 to 19)"),
            CommandLineOption("saver-append", short: "a", argument: "OPTIONS",
                "to add to the saver kernel's command line"),
            .debugPort,
        ], operandCount: 0...1
    ) { arguments, report in
        var hibernate = Hibernate(report)
        hibernate.location = try arguments.location()
        hibernate.force = arguments.contains("force")
        hibernate.saverKernel = arguments.value("saver-kernel").map { FilePath($0) }
        hibernate.saverInitrd = arguments.value("saver-initrd").map { FilePath($0) }
        if let size = try arguments.size("saver-memory") { hibernate.saverMemory = size }
        if let text = arguments.value("compression") {
            guard let compression = ImageCompression(text) else {
                throw UsageError(text: "--compression=\(text): lz4, zstd or zstd:1 to zstd:19")
            }
            hibernate.compression = compression
        }
        hibernate.imageSize = try arguments.size("image-size")
        hibernate.saverAppend = arguments.value("saver-append") ?? ""
        hibernate.debugPort = try arguments.port()
        try hibernate.run()
        return .success
    }

    static let save = Command(
        name: "save", operands: "",
        summary: "In the saver kernel: write the image and switch off, or go back.",
        details: "All it needs is on the kernel command line, where hibernate put it.",
        options: [], operandCount: 0...0
    ) { _, report in
        if try Save(report).run() { return .failure }
        report.fail("this kernel was not started by kresume hibernate: there is nothing to save")
        return .failure
    }
}

extension Arguments {
    fileprivate func port() throws -> UInt16 {
        guard let number = try number("debug-port") else { return 0 }
        guard let port = UInt16(exactly: number) else {
            throw UsageError(text: "--debug-port: an I/O port is below 0x10000")
        }
        return port
    }
}
