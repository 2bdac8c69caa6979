// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import LinuxPlatform
import PhysicalMemory
import Sealing
import Synchronization
import SystemPackage

/// A machine that answers what a test has written down, and notes what was done to it.
package final class ScriptedMachine: Machine {
    package struct Script: Sendable {
        package var commandLine = ""
        package var kernel = KernelInfo(
            release: "6.12.1-test", version: "#1 SMP", machine: "x86_64", nodeName: "tester")
        package var pagingDepth = PagingDepth.four
        package var hasFiveLevelPaging = true
        package var presentCPUs = 2
        /// By their affinity, on arm64.
        package var processors: [UInt64: Int] = [:]
        package var rebootProcessor = 0
        package var kernelLog = ""
        package var capabilities: Capabilities = [.systemAdministration, .systemBoot]
        package var lockdown = Lockdown.off
        package var sysctls: [String: String] = [
            "vm/compact_unevictable_allowed": "1", "kernel/numa_balancing": "1",
            "kernel/random/boot_id": "2c29a8b1-0f7f-4f3c-8f57-111111111111",
        ]
        package var symbols: [String: UInt64] = [:]
        package var osRelease: [String: String] = [:]
        package var kernelResumes = false
        package var kernelHibernation = KernelHibernation.possible
        package var secretMemoryUsers: [String] = []
        package var watchdogs: [Watchdog] = []
        /// In nanoseconds.
        package var uptime: UInt64 = 0
        package var time: UInt64 = 1_800_000_000

        package var firmwareMap: MemoryMap? = .tested
        package var bootParameters = [UInt8](repeating: 0, count: 4096)
        package var acpiRootPointer: PhysicalAddress?
        package var acpiTables: [ACPITable] = []
        package var hardwareSignature: UInt32?
        package var invariants = ["pci 0000:00:01.0 1af4:1001"]
        package var hasEFI = false
        package var variables: [String: [UInt8]] = [:]

        package var memory = MemoryInfo(
            total: 80 << 20, free: 75 << 20, available: 75 << 20)
        package var resources: [IOMemoryResource] = []
        /// What pinned memory consists of, in the order in which it is given.
        package var frames: [FrameRange] = [.tested(0x400, 0x2000)]
        /// Told before more memory is pinned.
        package var whilePinning: @Sendable (@escaping Cancelling) throws -> Void = { _ in }
        /// How many frames are other ones when they are looked at again.
        package var movedPages = 0

        package var devices: [FilePath: ScriptedDevice] = [:]
        /// What the kernel lists; nil: the devices.
        package var listed: [BlockDeviceList.Entry]?
        package var mounts: [Mount] = []
        /// Of every file system, in bytes.
        package var freeSpace: UInt64 = 64 << 30
        /// What another program does, and its status.
        package var whenRun: @Sendable (ScriptedMachine, String) -> Int32 = { _, _ in 0 }
        /// File systems that take no writes.
        package var frozen: [DeviceNumber] = []
        /// What freezing them throws.
        package var freezeFailures: [DeviceNumber: Errno] = [:]
        package var swaps: [ActiveSwap] = []
        /// Of swap files.
        package var blocks: [FilePath: FileBlocks] = [:]
        package var encrypted: [DeviceNumber: String] = [:]
        package var unlockedDevices: [FilePath] = []
        package var mappings: [DeviceNumber: DeviceMapping] = [:]
        package var flaws: [DeviceNumber: StorageFlaw] = [:]
        /// What a device is built on, where that is an array.
        package var arraysBelow: [DeviceNumber: DeviceArray] = [:]
        /// How much of the page cache goes where its oldest part is to, in bytes.
        package var reclaimable: UInt64 = .max
        /// How much of it goes where all is to, in bytes.
        package var droppable: UInt64 = 0
        /// What programs have in use.
        package var filesInUse: [ScriptedFile] = []
        /// md arrays, by their names.
        package var arrays: [String: [MDArray.Setting: String]] = [:]
        /// What has been mixed into the random number generator.
        package var stirred: [UInt8] = []
        /// What is typed, one answer after the other; then nothing. And what was asked.
        package var passphrases: [String] = []
        package var asked: [String] = []
        /// Told before an answer is given.
        package var whenAsked: @Sendable (ScriptedMachine) -> Void = { _ in }
        package var credentialsDirectory: FilePath?
        package var removable: Set<DeviceNumber> = []
        /// What a wait for devices meets, each after so many milliseconds; then nothing any more.
        package var events: [ScriptedEvent] = []
        package var hasEvents = true
        package var isAskingForPassphrase = false
        /// Also /proc/vmcore and /proc/kcore, by where their contents are.
        package var files: [FilePath: [UInt8]] = [:]
        package var cores: [FilePath: FilePath] = [:]
        /// When what is in a file was last changed; 0 for others.
        package var times: [FilePath: Int64] = [:]

        /// The signal that waits.
        package var signal: Signal?
        package var process = ProcessIdentity(number: 100, startTime: 1000)
        /// Which other processes run.
        package var running: [ProcessIdentity] = []
        /// What a program that is traced writes where.
        package var tracedWrites: [(file: FilePath, text: String)] = []
        package var undoNote: [UInt8]?
        package var status: [UInt8]?
        package var forbidsOtherResumes = false
        package var discard: [FilePath: SwapDiscard] = [:]

        package var kexecSupport = Kexec.Support.supported
        /// The same for jumps that come back, where that is another answer.
        package var kexecJumpSupport: Kexec.Support?
        package var deviceRefusals: DeviceRefusals?
        /// Whether drivers think that this machine is about to hibernate.
        package var areDriversNotified = false
        package var isCrashKernelLoaded = true
        package var outOfMemoryScores: [Int] = []
        /// What another process of this program does, from its beginning to its end.
        package var worker: (@Sendable (ScriptedMachine) -> Void)?
        /// What it has said that nobody has heard yet.
        package var said: [UInt8] = []
        /// Happens when it waits to be told something.
        package var whenHearing: @Sendable (ScriptedMachine) -> Void = { _ in }
        /// What comes after all that it said.
        package var workersEnd = WorkerEvent.ended("exit status 1")
        /// The key that is pressed, and after how many of its bytes. Else they come all at once.
        package var key: (CancelKey, after: Int)?
        /// Where keys were looked for, each time.
        package var keySources: [KeySources] = []
        /// What it was told.
        package var told: [UInt8] = []
        /// Happens instead of a jump, with what was loaded; returning is the other side's jump back.
        package var whenJumping: @Sendable (ScriptedMachine) throws(PlatformError) -> Void = {
            _ throws(PlatformError) in throw .call(.reboot, path: nil, .ioError)
        }
        package var canSuspendToMemory = true
        /// Happens while the machine sleeps, or tries to.
        package var whenAsleep: @Sendable (ScriptedMachine) -> Void = { _ in }
        /// Happens when the machine is to be switched off.
        package var whenPoweringOff: @Sendable (ScriptedMachine) -> Void = { _ in }
        package var whenPoweredOff: PlatformError? = .call(.reboot, path: nil, .ioError)
        /// Happens before each answer and each deed, with their number, counted from 1.
        package var whenCalled: (@Sendable (ScriptedMachine, Int) -> Void)?
        /// By the function's name: what it throws.
        package var failures: [String: PlatformError] = [:]

        package fileprivate(set) var calls = 0
        /// What was done, in order.
        package var deeds: [String] = []
        /// What was loaded for the jump.
        package var loaded: LoadedKernel?
        /// What was loaded when it jumped.
        package var loadedAtJump: LoadedKernel?
        /// What was on each device at the last jump.
        package var devicesAtJump: [FilePath: [UInt8]] = [:]
        /// How often each device was opened.
        package var openings: [FilePath: Int] = [:]
        /// All memory that was asked for.
        package var pinned: [ScriptedMemory] = []

        package init() {}
    }

    package typealias Cancelling = @Sendable () -> Bool

    private let state: Mutex<Script>

    package init(_ change: (inout Script) -> Void = { _ in }) {
        var script = Script()
        change(&script)
        state = Mutex(script)
    }

    package var script: Script {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    package func change(_ body: (inout Script) -> Void) { state.withLock { body(&$0) } }

    /// What the machine has for one who asks it: each time is a call.
    private var answers: Script {
        call()
        return script
    }

    private func note(_ deed: String) {
        call()
        state.withLock { $0.deeds.append(deed) }
    }

    /// Also called for what is done to a device.
    package func call() {
        let (happens, number) = state.withLock { script in
            script.calls += 1
            return (script.whenCalled, script.calls)
        }
        happens?(self, number)
    }

    private func fail(_ name: String) throws(PlatformError) {
        if let error = script.failures[name] { throw error }
    }
}

extension ScriptedMachine {
    package func commandLine() throws(PlatformError) -> String { script.commandLine }
    package func kernel() throws(PlatformError) -> KernelInfo { script.kernel }
    package func pagingDepth() throws(PlatformError) -> PagingDepth { script.pagingDepth }
    package var hasFiveLevelPaging: Bool { script.hasFiveLevelPaging }
    package func processor(withAffinity affinity: UInt64) throws(PlatformError) -> Int? {
        script.processors[affinity]
    }
    package func setRebootProcessor(_ number: Int) throws(PlatformError) {
        try fail("setRebootProcessor")
        change { $0.rebootProcessor = number }
    }
    package func logContains(_ words: String) throws(PlatformError) -> Bool {
        script.kernelLog.contains(words)
    }
    package func presentCPUs() throws(PlatformError) -> Int { script.presentCPUs }
    package func capabilities() throws(PlatformError) -> Capabilities { script.capabilities }
    package func lockdown() throws(PlatformError) -> Lockdown { script.lockdown }
    package func sysctl(_ name: String) throws(PlatformError) -> String? { script.sysctls[name] }
    package func setSysctl(_ name: String, to value: String) throws(PlatformError) -> String {
        let old = answers.sysctls[name] ?? ""
        try fail("setSysctl")
        change { $0.sysctls[name] = value }
        return old
    }
    package func symbols(_ names: [String]) throws(PlatformError) -> [String: UInt64] {
        answers.symbols.filter { names.contains($0.key) }
    }
    package func randomBytes(_ count: Int) throws(PlatformError) -> [UInt8] {
        try fail("randomBytes")
        return [UInt8](repeating: 0x5e, count: count)
    }
    package func stirRandom(_ bytes: [UInt8]) throws(PlatformError) {
        note("stir \(bytes.count)")
        try fail("stirRandom")
        change { $0.stirred += bytes }
    }
    package func osRelease(_ key: String) -> String? { script.osRelease[key] }
    package var kernelResumes: Bool { script.kernelResumes }
    package func kernelHibernation() throws(PlatformError) -> KernelHibernation {
        script.kernelHibernation
    }
    package func uptime() -> UInt64 { script.uptime }
    package func time() -> UInt64 { script.time }
}

extension ScriptedMachine {
    package func holdSignalsBack() { note("hold signals back") }
    package func pendingSignal() -> Signal? {
        let script = answers
        return script.deeds.contains("hold signals back") ? script.signal : nil
    }
    package func process() throws(PlatformError) -> ProcessIdentity { answers.process }
    package func isRunning(_ process: ProcessIdentity) -> Bool {
        let script = answers
        return process == script.process || script.running.contains(process)
    }
    package func undoNote(limit: Int) throws(PlatformError) -> [UInt8]? { answers.undoNote }
    package func setUndoNote(_ bytes: [UInt8]) throws(PlatformError) {
        call()
        try fail("setUndoNote")
        change { $0.undoNote = bytes }
    }
    package func status(limit: Int) throws(PlatformError) -> [UInt8]? { answers.status }
    package func setStatus(_ bytes: [UInt8]) throws(PlatformError) {
        try fail("setStatus")
        change { $0.status = bytes }
    }
    package func forbidOtherResumes() throws(PlatformError) {
        try fail("forbidOtherResumes")
        change { $0.forbidsOtherResumes = true }
    }
    package func removeUndoNote() throws(PlatformError) {
        call()
        change { $0.undoNote = nil }
    }
}

extension ScriptedMachine {
    package func firmwareMap() throws(PlatformError) -> MemoryMap? { script.firmwareMap }
    package func bootParameters() throws(PlatformError) -> [UInt8] { script.bootParameters }
    package func acpiRootPointer() throws(PlatformError) -> PhysicalAddress? {
        script.acpiRootPointer
    }
    package func acpiTables() throws(PlatformError) -> [ACPITable] { script.acpiTables }
    package func hardwareSignature() throws(PlatformError) -> UInt32? { script.hardwareSignature }
    package func invariants() throws(PlatformError) -> [String] { script.invariants }
    package func mountEFIVariables() throws(PlatformError) { try fail("mountEFIVariables") }
    package func efiVariable(_ name: String, limit: Int) throws(PlatformError) -> [UInt8]? {
        try fail("efiVariable")
        return script.variables[name]
    }
    package func writeEFIVariable(
        _ bytes: [UInt8], to name: String
    ) throws(PlatformError) {
        note("write \(name.prefix { $0 != "-" })")
        try fail("writeEFIVariable")
        change { $0.variables[name] = bytes }
    }
    package func removeEFIVariable(_ name: String) throws(PlatformError) {
        note("remove \(name.prefix { $0 != "-" })")
        try fail("removeEFIVariable")
        change { $0.variables[name] = nil }
    }
}

extension ScriptedMachine {
    package func memory() throws(PlatformError) -> MemoryInfo { script.memory }
    package func resources() throws(PlatformError) -> [IOMemoryResource] { script.resources }
    package func reserveMemory(pageCapacity: Int) throws(PlatformError) -> any PinnedPages {
        try fail("reserveMemory")
        let memory = ScriptedMemory(answers)
        change { $0.pinned.append(memory) }
        return memory
    }
    package func openCore(_ path: FilePath) throws(PlatformError) -> CoreFile {
        guard let file = answers.cores[path] else {
            throw .call(.open, path: path, .noSuchFileOrDirectory)
        }
        return try CoreFile(open: file)
    }
    package func dropPageCache() throws(PlatformError) {
        note("drop page cache")
        change { $0.memory.free += $0.droppable }
    }
    package func filesInUse(
        limit: Int, unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> [any FileInUse] {
        note("look at files in use")
        try fail("filesInUse")
        return script.filesInUse.prefix(isUnwanted() ? 0 : limit).map {
            ScriptedFileInUse($0, of: self)
        }
    }
    package func reclaimPageCache(_ size: UInt64) throws(PlatformError) {
        try fail("reclaimPageCache")
        change {
            $0.deeds.append("reclaim \(size)")
            $0.memory.free += min(size, $0.reclaimable)
        }
    }
    package func watchdogs() throws(PlatformError) -> [Watchdog] {
        try fail("watchdogs")
        return script.watchdogs
    }
    package func secretMemoryUsers() throws(PlatformError) -> [String] { script.secretMemoryUsers }
    package func setOutOfMemoryScore(_ value: Int) throws(PlatformError) {
        change { $0.outOfMemoryScores.append(value) }
    }
}

extension ScriptedMachine {
    package func blockDevices() throws(PlatformError) -> BlockDeviceList {
        if let listed = answers.listed { return BlockDeviceList(entries: listed) }
        return BlockDeviceList(
            entries: answers.devices.compactMap { path, device in
                device.number.map { number in
                    BlockDeviceList.Entry(
                        name: path.lastComponent?.string ?? "", path: path, number: number,
                        size: UInt64(device.bytes.count), holders: device.holders,
                        isPartition: true, hasPartitions: false, isReadOnly: device.isReadOnly)
                }
            }.sorted { $0.name < $1.name })
    }
    package func open(
        _ path: FilePath, _ access: BlockDevice.Access, direct: Bool
    ) throws(PlatformError) -> BlockDevice {
        guard let device = answers.devices[path] else {
            throw .call(.open, path: path, .noSuchFileOrDirectory)
        }
        change { $0.openings[path, default: 0] += 1 }
        if access == .exclusive {
            let isUsed = answers.swaps.contains { $0.path == path }
            if isUsed { throw .call(.open, path: path, .resourceBusy) }
            try fail("claim")
            note("claim \(path)")
        }
        return try device.open(path, access)
    }
    package func contents(of device: BlockDevice) throws(PlatformError) -> DeviceContents {
        try Blkid.probe(device)
    }
    package func encryption(of number: DeviceNumber) throws(PlatformError) -> String? {
        answers.encrypted[number]
    }
    package func unlockedDevices() throws(PlatformError) -> [FilePath] {
        script.unlockedDevices
    }
    package func mapping(of number: DeviceNumber) throws(PlatformError) -> DeviceMapping? {
        answers.mappings[number]
    }
    package func storageFlaw(
        of number: DeviceNumber
    ) throws(PlatformError) -> StorageFlaw? {
        script.flaws[number]
    }
    package func array(of number: DeviceNumber) throws(PlatformError) -> DeviceArray? {
        script.arraysBelow[number]
    }
    package func arrays() throws(PlatformError) -> [String] {
        try fail("arrays")
        return script.arrays.keys.sorted()
    }
    package func arraySetting(
        _ setting: MDArray.Setting, of name: String
    ) throws(PlatformError) -> String? {
        script.arrays[name]?[setting]
    }
    package func setArray(
        _ name: String, _ setting: MDArray.Setting, to value: String
    ) throws(PlatformError) {
        try fail("setArray")
        change {
            $0.arrays[name]?[setting] = value
            $0.deeds.append("\(name) \(setting.rawValue) \(value)")
        }
    }
    package func waitUntilClean(
        array name: String, milliseconds: Int
    ) throws(PlatformError) {
        change { $0.deeds.append("\(name) clean") }
    }
    package func isRemovable(_ number: DeviceNumber) throws(PlatformError) -> Bool {
        try fail("isRemovable")
        return script.removable.contains(number)
    }
    package func mounts() throws(PlatformError) -> [Mount] { script.mounts }
    package func mounts(of number: DeviceNumber) throws(PlatformError) -> [Mount] {
        answers.mounts.filter { $0.number == number }
    }
    package func freeze(
        _ mount: Mount, whenLate: () -> Void
    ) throws(PlatformError) -> any FrozenFileSystem {
        note("freeze \(mount.mountPoint)")
        if let error = script.freezeFailures[mount.number] {
            if error == .deadlock || error == .timedOut { whenLate() }
            throw .call(.freeze, path: mount.mountPoint, error)
        }
        change { $0.frozen.append(mount.number) }
        return ScriptedFileSystem(mount, of: self)
    }
    package func thaw(
        _ mountPoint: FilePath, _ number: DeviceNumber
    ) throws(PlatformError) -> Bool {
        note("thaw \(mountPoint)")
        try fail("thaw")
        let wasFrozen = script.frozen.contains(number)
        change { script in script.frozen.removeAll { $0 == number } }
        return wasFrozen
    }
    package func swaps() throws(PlatformError) -> [ActiveSwap] { script.swaps }
    package func swap(on number: DeviceNumber) throws(PlatformError) -> ActiveSwap? {
        answers.swaps.first { script.devices[$0.path]?.number == number }
    }
    package func swapDiscard(of path: FilePath) -> SwapDiscard? { answers.discard[path] }
    package func blocks(of path: FilePath) throws(PlatformError) -> FileBlocks? {
        answers.blocks[path]
    }
    package func activateSwap(
        _ path: FilePath, priority: Int, discard: SwapDiscard
    ) throws(PlatformError) {
        note("swapon \(path) \(priority)" + (discard == .none ? "" : " \(discard)"))
        try fail("activateSwap")
        change { script in
            let size = UInt64(script.devices[path]?.bytes.count ?? 0)
            script.swaps.append(
                ActiveSwap(
                    path: path, isBlockDevice: script.blocks[path] == nil, size: size, used: 0,
                    priority: priority))
            script.discard[path] = discard == .none ? nil : discard
        }
    }
    package func deactivateSwap(
        _ path: FilePath, unless isUnwanted: () -> Bool
    ) throws(PlatformError) {
        note("swapoff \(path)")
        try fail("deactivateSwap")
        if isUnwanted() { throw .call(.swapoff, path: path, .interrupted) }
        change { script in script.swaps.removeAll { $0.path == path } }
    }
    package func deviceEvents() throws(PlatformError) -> any DeviceEvents {
        if !answers.hasEvents { throw .call(.socket, path: nil, .noFunction) }
        return ScriptedEvents(of: self)
    }
    package var isAskingForPassphrase: Bool { script.isAskingForPassphrase }
    package func exists(_ path: FilePath) -> Bool {
        answers.devices[path] != nil || answers.files[path] != nil
            || answers.hasEFI && path == EFIVariable.directory
    }
    package func file(_ path: FilePath, limit: Int) throws(PlatformError) -> [UInt8] {
        guard let bytes = answers.files[path] else {
            throw .call(.open, path: path, .noSuchFileOrDirectory)
        }
        return bytes
    }
    package func modificationTime(of path: FilePath) -> Int64? {
        answers.files[path].map { _ in script.times[path] ?? 0 }
    }
    package func names(in directory: FilePath) throws(PlatformError) -> [String] {
        try fail("names")
        let paths = answers.files.keys.filter { $0.starts(with: directory) && $0 != directory }
        if paths.isEmpty { throw .call(.opendir, path: directory, .noSuchFileOrDirectory) }
        let count = directory.components.count
        return Set(paths.map { Array($0.components)[count].string }).sorted()
    }
    package func overwriteFile(
        _ path: FilePath, with bytes: [UInt8]
    ) throws(PlatformError) {
        note("overwrite \(path)")
        try fail("overwriteFile")
        change { $0.files[path] = bytes }
    }
    package func replaceFile(
        _ path: FilePath, with bytes: [UInt8], mode: UInt32
    ) throws(PlatformError) {
        note("write \(path)" + (mode == WholeFile.common ? " for all" : ""))
        try fail("replaceFile")
        change { $0.files[path] = bytes }
    }
    package func link(_ path: FilePath, to target: FilePath) throws(PlatformError) {
        note("link \(path) to \(target)")
        try fail("link")
        change { $0.files[path] = $0.files[target] ?? [] }
    }
    package func removeEmptyDirectory(_ path: FilePath) { note("rmdir \(path)") }
    package func freeSpace(at path: FilePath) throws(PlatformError) -> UInt64 { script.freeSpace }
    package func removeFile(_ path: FilePath) throws(PlatformError) -> Bool {
        note("remove \(path)")
        try fail("removeFile")
        let isThere = script.files[path] != nil
        change {
            $0.files[path] = nil
            $0.devices[path] = nil
        }
        return isThere
    }
}

extension ScriptedMachine {
    package func kexecSupport(_ flags: Kexec.Flags) throws(PlatformError) -> Kexec.Support {
        if flags.contains(.preserveContext), let support = answers.kexecJumpSupport {
            return support
        }
        return answers.kexecSupport
    }
    package func loadKexec(
        entry: PhysicalAddress, segments: [KexecSegment], flags: Kexec.Flags
    ) throws(PlatformError) {
        note("load")
        try fail("loadKexec")
        let loaded = LoadedKernel(entry, segments)
        change { $0.loaded = loaded }
    }
    package var isKexecLoaded: Bool { answers.loaded != nil }
    package func unloadKexec(_ flags: Kexec.Flags) throws(PlatformError) {
        note("unload")
        change { $0.loaded = nil }
    }
    package func notifyDrivers() throws(PlatformError) -> any DriverNotice {
        note("notify drivers")
        try fail("notifyDrivers")
        change { $0.areDriversNotified = true }
        return ScriptedNotice(of: self)
    }
    package func deviceRefusals() -> DeviceRefusals? { script.deviceRefusals }
    package func jump() throws(PlatformError) {
        note("jump")
        change {
            $0.devicesAtJump = $0.devices.mapValues(\.bytes)
            $0.loadedAtJump = $0.loaded
        }
        try script.whenJumping(self)
    }
    package var isCrashKernelLoaded: Bool { script.isCrashKernelLoaded }
    package func panic() throws(PlatformError) {
        note("panic")
        try fail("panic")
    }
    package var canSuspendToMemory: Bool { answers.canSuspendToMemory }
    package func suspendToMemory() throws(PlatformError) {
        note("suspend")
        script.whenAsleep(self)
        try fail("suspendToMemory")
    }
    package func powerOff() throws(PlatformError) {
        note("power off")
        answers.whenPoweringOff(self)
        if let error = answers.whenPoweredOff { throw error }
    }
    package func restart() throws(PlatformError) {
        note("restart")
        try fail("restart")
    }
    package func sync() { note("sync") }
}

extension ScriptedMachine {
    package func startWorker(_ arguments: [String]) throws(PlatformError) -> any Worker {
        note("start \(arguments.joined(separator: " "))")
        try fail("startWorker")
        script.worker?(self)
        return ScriptedWorker(of: self)
    }
    package func tellStarter(_ bytes: [UInt8]) throws(PlatformError) {
        try fail("tellStarter")
        change { $0.said += bytes }
    }
    package func hearStarter() throws(PlatformError) -> [UInt8] {
        script.whenHearing(self)
        return []
    }
    package func runProgram(
        _ path: FilePath, _ arguments: [String]
    ) throws(PlatformError) -> Int32 {
        let command = ([path.lastComponent?.string ?? ""] + arguments).joined(separator: " ")
        note("run \(command)")
        try fail("runProgram")
        return script.whenRun(self, command)
    }
    package func runTraced(
        _ path: FilePath, _ arguments: [String],
        replacing deed: (_ file: FilePath, _ bytes: [UInt8]) -> TracedProgram.Deed?
    ) throws(PlatformError) -> Int32 {
        note("trace \(([path.string] + arguments).joined(separator: " "))")
        try fail("runTraced")
        for (file, text) in script.tracedWrites {
            let deed = deed(file, Array(text.utf8))
            let outcome = deed.map { $0().map { "\($0.rawValue)" } ?? "done" } ?? "passed"
            note("\(text.split(separator: "\n").first ?? "") to \(file): \(outcome)")
        }
        return 0
    }
    package func useAllCPUs() { note("use all CPUs") }
    package func forbidCoreDumps() {}
    package func askPassphrase(
        _ prompt: String, unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> SecretBytes? {
        script.whenAsked(self)
        change { $0.asked.append(prompt) }
        let script = script
        guard let answer = script.passphrases.first, !isUnwanted() else { return nil }
        change { $0.passphrases.removeFirst() }
        return answer.isEmpty ? nil : SecretBytes(answer.utf8)
    }
    package var credentialsDirectory: FilePath? { script.credentialsDirectory }
}

final class ScriptedNotice: DriverNotice {
    private let machine: ScriptedMachine

    init(of machine: ScriptedMachine) { self.machine = machine }

    func end() {
        machine.change { script in
            script.deeds.append("drivers may go on")
            script.areDriversNotified = false
        }
    }
}

final class ScriptedFileSystem: FrozenFileSystem {
    private let mount: Mount
    private let machine: ScriptedMachine

    init(_ mount: Mount, of machine: ScriptedMachine) {
        self.mount = mount
        self.machine = machine
    }

    func thaw() throws(PlatformError) { _ = try machine.thaw(mount.mountPoint, mount.number) }
}

/// Has done its work when it is asked for the first time.
final class ScriptedWorker: Worker {
    private let machine: ScriptedMachine

    init(of machine: ScriptedMachine) { self.machine = machine }

    func next(milliseconds: Int, keys: KeySources) throws(PlatformError) -> WorkerEvent {
        machine.change { $0.keySources.append(keys) }
        let script = machine.script
        if let (key, after) = script.key, !keys.isEmpty {
            guard after > 0 else { return .key(key) }
            machine.change { $0.key = (key, after: after - 1) }
        }
        let count = script.key == nil ? script.said.count : min(1, script.said.count)
        if count > 0 {
            machine.change { $0.said.removeFirst(count) }
            return .said(Array(script.said[..<count]))
        }
        return script.workersEnd
    }

    func tell(_ bytes: [UInt8]) throws(PlatformError) {
        machine.change { $0.told += bytes }
    }

    func kill() { machine.change { $0.deeds.append("kill") } }
}
