// SPDX-License-Identifier: GPL-2.0-or-later

import HibernateLocation
import Hibernation
import LinuxPlatform
import SystemPackage

/// Commands that stop the machine or bring it back.
extension Command {
    static let resume = Command(
        name: "resume", operands: "[DEVICE]",
        summary: "Bring back the machine whose memory is in an image.",
        details: """
            For an initramfs, before anything is mounted. Without DEVICE the image is where
            resume= of the kernel command line says, else the EFI variable HibernateLocation, else
            kresume.conf, else --default; without all of these, it is the only one there is, but
            for --unattended.
            Returns where there is no image (status 0) and where it cannot be used (1).
            """,
        options: [
            .offset,
            CommandLineOption("dry-run", short: "n", "check and plan, print the plan, do not jump"),
            CommandLineOption("retry", "take an image that was tried before"),
            CommandLineOption(
                "ignore-changed", "take it although file systems have changed since"),
            CommandLineOption(
                "unattended", "as a boot does it: no image is taken that nothing leads to"),
            CommandLineOption(
                "default", argument: .device,
                "where to look if nothing else says so"),
            CommandLineOption(
                "default-offset", argument: .offset, "and at which page, as resume_offset= says it"),
            CommandLineOption(
                "wait", short: "w", argument: .seconds, setting: true,
                "how long to wait for the device (default: 30)"),
            .keyFile, .debugPort,
        ], operandCount: 0...1
    ) { arguments, report in
        let options = arguments.options
        let settings = Settings(report)
        var resume = Resume(LinuxMachine(), report)
        resume.location = try arguments.location()
        resume.configured = settings.location
        resume.fallback = options.value("default") == "none" ? nil : options.device("default")
        resume.fallbackOffset = options.value("default-offset")
        resume.takesFoundOffset = settings.isOn("find-offset") ?? false
        resume.wait = options.number("wait")
        resume.configuredWait = settings.wait
        resume.configuredMapRetries = settings.mapRetries
        resume.dryRun = options.contains("dry-run")
        resume.retry = options.contains("retry")
        resume.isUnattended = options.contains("unattended")
        resume.ignoreChanged = options.contains("ignore-changed")
        if resume.ignoreChanged, resume.isUnattended {
            throw UsageError.onlyByHand("ignore-changed")
        }
        resume.keyFile = (options.value("key-file") ?? settings.values.value("key-file"))
            .map { FilePath($0) }
        resume.takesPlainImages = settings.isOn("plain-images")
        resume.debugPort = options.port
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
            Without DEVICE the image goes where resume= of the kernel command line says, else
            kresume.conf; without both, to the largest swap partition in use. Escape or the power key
            cancel it, as long as there is no image. Returns 0 after the resume, 3 where it was
            cancelled, and 1 where the machine went on for another reason.
            """,
        options: sleeping + [
            CommandLineOption(
                "hybrid", "sleep with memory kept; the image is there if the power goes")
        ], operandCount: 0...1
    ) { arguments, report in
        try sleep(arguments, report, isTest: false)
    }

    static let test = Command(
        name: "test", operands: "[DEVICE]",
        summary: "Try all of hibernate but writing and switching off.",
        details: """
            The saver kernel starts, finds DEVICE, packs and checks all that it would save, and comes
            back. Nothing is written to DEVICE; swap stays on. Refuses what hibernate refuses.
            """,
        options: sleeping, operandCount: 0...1
    ) { arguments, report in
        try sleep(arguments, report, isTest: true)
    }

    static let check = Command(
        name: "check", operands: "[DEVICE]",
        summary: "Tell whether hibernating and resuming would work here.",
        details: """
            A line for each condition: met, doubtful (!), or not, with the reason and what to do.
            Nothing is changed; kresume test tries it. Returns 0 where the machine can be hibernated
            in one way at least, and resumed; else 1.
            """,
        options: sleeping + [CommandLineOption("json", short: "j", "as JSON")], operandCount: 0...1
    ) { arguments, report in
        var check = CheckMachine(try hibernation(arguments, report))
        check.takesPlainImages = Settings(report).isOn("plain-images")
        let checkup = try check.run()
        print(arguments.options.contains("json") ? checkup.json : checkup.text)
        return checkup.works ? .success : .failure
    }

    static let sleep = Command(
        name: "sleep", operands: "PROGRAM [ARGUMENT]...",
        summary: "Run a program that hibernates by the kernel, and hibernate by kresume instead.",
        details: """
            For systemd-sleep: its hooks, its settings and its log stay what they are; when it writes disk to
            /sys/power/state, kresume hibernate comes in its place. Put -- before PROGRAM.
            """,
        options: [], operandCount: 1...64
    ) { arguments, report in
        let status = try SleepProgram(hibernation(Arguments(), report)).run(
            FilePath(arguments.operands[0]), Array(arguments.operands.dropFirst()))
        return status == 0 ? .success : .failure
    }

    static let sleeping = [
        CommandLineOption.offset,
        CommandLineOption("force", short: "f", "overwrite whatever DEVICE holds"),
        CommandLineOption(
            "saver-kernel", short: "k", argument: .file, setting: true,
            "the kernel that writes the image (default: the running one's)"),
        CommandLineOption(
            "saver-initrd", short: "i", argument: .file, setting: true,
            "its initramfs (default: the running kernel's)"),
        CommandLineOption(
            "saver-memory", short: "m", argument: .size, setting: true,
            "memory for it to live in (default: what it is expected to need)"),
        CommandLineOption(
            "image-size", short: "s", argument: .size, setting: true,
            "drop page cache where more memory is in use (default: 2/5 of it)"),
        CommandLineOption(
            "drop-cache", argument: .cache, setting: true,
            "what of it: all (the default), the oldest, or reread (all, and back)"),
        CommandLineOption(
            "compression", short: "c", argument: .compression, setting: true,
            "lz4 (fast, the default), zstd or zstd:LEVEL (small; 1 to 19), auto"),
        CommandLineOption(
            "saver-append", short: "a", argument: .options, setting: true,
            "what to add to the saver kernel's command line"),
        CommandLineOption(
            "freeze", argument: .freezing, setting: true,
            "freeze file systems meanwhile: auto (the default), always, never"),
        CommandLineOption(
            "unlock-in-saver",
            "let it ask for the passphrase of an encrypted DEVICE"),
        CommandLineOption(
            "encrypt", "encrypt the image, or refuse (default: encrypt where there is a key)"),
        CommandLineOption("no-encrypt", "do not encrypt it, although there is a key"),
        CommandLineOption.debugPort,
    ]

    static func hibernation(_ arguments: Arguments, _ report: Report) throws -> Hibernate {
        let settings = Settings(report)
        let options = arguments.options.over(settings.values)
        var hibernate = Hibernate(LinuxMachine(), report)
        hibernate.location = try arguments.location()
        hibernate.configured = settings.location
        hibernate.force = options.contains("force")
        hibernate.saverKernel = options.value("saver-kernel").map { FilePath($0) }
        hibernate.saverInitrd = options.value("saver-initrd").map { FilePath($0) }
        hibernate.saverMemory = options.size("saver-memory")
        hibernate.imageSize = options.size("image-size")
        hibernate.cacheDropping =
            options.value("drop-cache").flatMap { CacheDropping(rawValue: $0) } ?? .all
        hibernate.compression =
            options.value("compression").flatMap { ImageCompression($0) } ?? .lz4
        hibernate.saverAppend = options.value("saver-append") ?? ""
        hibernate.unlockInSaver = options.contains("unlock-in-saver")
        hibernate.freezing =
            options.value("freeze").flatMap { FileSystemFreezing(rawValue: $0) } ?? .automatic
        hibernate.encryption = encryption(arguments.options, settings)
        hibernate.debugPort = options.port
        return hibernate
    }

    private static func sleep(
        _ arguments: Arguments, _ report: Report, isTest: Bool
    ) throws -> ExitStatus {
        var hibernate = try hibernation(arguments, report)
        hibernate.isTest = isTest
        hibernate.isHybrid = arguments.options.contains("hybrid")
        // Whatever is to be told, is told before that.
        defer { hibernate.readAgain() }
        do {
            switch try hibernate.run() {
            case .resumed, .awake: return .success
            case .cancelled: return .cancelled
            case .tested(let result):
                print(result)
                return .success
            }
        } catch {
            report.fail(explanation(of: error))
            throw ReportedError(error)
        }
    }

    /// The command line beats kresume.conf.
    private static func encryption(_ options: OptionValues, _ settings: Settings) -> ImageEncryption
    {
        if options.contains("no-encrypt") { return .never }
        if options.contains("encrypt") { return .always }
        return switch settings.isOn("encrypt") {
        case true?: .always
        case false?: .never
        case nil: .automatic
        }
    }

    static let save = Command(
        name: "save", operands: "",
        summary: "In the saver kernel: write the image and switch off, or go back.",
        details: "All it needs is on the kernel command line, where hibernate put it.",
        options: [
            CommandLineOption("back", "go back at once, without an image"),
            CommandLineOption("worker", "only save: what save itself starts"),
        ], operandCount: 0...0
    ) { arguments, report in
        let machine = LinuxMachine()
        if arguments.options.contains("back") {
            try GoBack(machine, report).run(saying: "kresume save --back was called")
        } else if arguments.options.contains("worker") {
            var work = SaveWork(machine, report)
            work.configuredWait = Settings(report).wait
            try work.run()
            return .failure
        } else {
            var save = Save(machine, report)
            save.configuredWait = Settings(report).wait
            try save.run()
        }
        report.fail("this kernel was not started by kresume hibernate: there is nothing to save")
        return .failure
    }
}

extension OptionValues {
    /// 0: none.
    fileprivate var port: UInt16 { UInt16(number("debug-port") ?? 0) }
}
