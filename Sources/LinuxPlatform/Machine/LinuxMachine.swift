// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import Glibc
import PhysicalMemory
import Sealing
import SystemPackage

/// The machine that this process runs on.
package struct LinuxMachine: Machine {
    package init() {}
}

extension LinuxMachine {
    package func commandLine() throws(PlatformError) -> String { try KernelInfo.commandLine() }
    package func kernel() throws(PlatformError) -> KernelInfo { try KernelInfo.running() }
    package func pagingDepth() throws(PlatformError) -> PagingDepth {
        try KernelInfo.pagingDepth()
    }
    package var hasFiveLevelPaging: Bool { CPU.hasFiveLevelPaging }
    package func processor(withAffinity affinity: UInt64) throws(PlatformError) -> Int? {
        try CPU.number(withAffinity: affinity)
    }
    package func setRebootProcessor(_ number: Int) throws(PlatformError) {
        try CPU.setForReboot(number)
    }
    package func logContains(_ words: String) throws(PlatformError) -> Bool {
        try KernelMessages.contains(words)
    }
    package func presentCPUs() throws(PlatformError) -> Int { try CPU.presentCount() }
    package func capabilities() throws(PlatformError) -> Capabilities {
        try Capabilities.effective()
    }
    package func lockdown() throws(PlatformError) -> Lockdown { try Lockdown.current() }
    package func sysctl(_ name: String) throws(PlatformError) -> String? { try Sysctl.value(name) }
    package func setSysctl(_ name: String, to value: String) throws(PlatformError) -> String {
        try Sysctl.set(name, to: value)
    }
    package func symbols(_ names: [String]) throws(PlatformError) -> [String: UInt64] {
        try KernelSymbols.addresses(of: names)
    }
    package func randomBytes(_ count: Int) throws(PlatformError) -> [UInt8] {
        try RandomPool.bytes(count: count)
    }
    package func stirRandom(_ bytes: [UInt8]) throws(PlatformError) { try RandomPool.stir(bytes) }
    package func osRelease(_ key: String) -> String? { OSRelease.value(key) }
    package var kernelResumes: Bool { SystemFile.exists("/sys/power/resume") }
    package func kernelHibernation() throws(PlatformError) -> KernelHibernation {
        try KernelHibernation.current()
    }
    package func uptime() -> UInt64 { Uptime.nanoseconds() }
    package func time() -> UInt64 { WallClock.now() }
}

extension LinuxMachine {
    package func holdSignalsBack() { Signals.holdBack() }
    package func pendingSignal() -> Signal? { Signals.pending() }
    package func process() throws(PlatformError) -> ProcessIdentity { try .current() }
    package func isRunning(_ process: ProcessIdentity) -> Bool { process.isRunning }
    package func undoNote(limit: Int) throws(PlatformError) -> [UInt8]? {
        try RuntimeFile.undoNote.read(limit: limit)
    }
    package func setUndoNote(_ bytes: [UInt8]) throws(PlatformError) {
        try RuntimeFile.undoNote.replace(with: bytes)
    }
    package func removeUndoNote() throws(PlatformError) { try RuntimeFile.undoNote.remove() }
    package func status(limit: Int) throws(PlatformError) -> [UInt8]? {
        try RuntimeFile.status.read(limit: limit)
    }
    package func setStatus(_ bytes: [UInt8]) throws(PlatformError) {
        try RuntimeFile.status.replace(with: bytes)
    }
    package func forbidOtherResumes() throws(PlatformError) {
        try RuntimeFile.onlyResume.replace(with: [])
    }
}

extension LinuxMachine {
    package func firmwareMap() throws(PlatformError) -> MemoryMap? {
        switch Architecture.here {
        case .x86:
            guard SystemFile.exists("/sys/firmware/memmap") else { return nil }
            return try Firmware.memoryMap()
        case .arm64:
            // Nobody fills /sys/firmware/memmap there.
            return MemoryMap(ramOf: try KernelInfo.resources())
        }
    }
    package func bootParameters() throws(PlatformError) -> [UInt8] {
        try Firmware.bootParameters()
    }
    package func acpiRootPointer() throws(PlatformError) -> PhysicalAddress? {
        try Firmware.acpiRootPointer()
    }
    package func hardwareSignature() throws(PlatformError) -> UInt32? {
        try Firmware.hardwareSignature()
    }
    package func acpiTables() throws(PlatformError) -> [ACPITable] { try ACPITable.all() }
    package func invariants() throws(PlatformError) -> [String] { try Invariants.lines() }
    package func mountEFIVariables() throws(PlatformError) { try EFIVariable.mountFileSystem() }
    package func efiVariable(_ name: String, limit: Int) throws(PlatformError) -> [UInt8]? {
        try EFIVariable.read(name, limit: limit)
    }
    package func writeEFIVariable(
        _ bytes: [UInt8], to name: String
    ) throws(PlatformError) {
        try EFIVariable.write(bytes, to: name)
    }
    package func removeEFIVariable(_ name: String) throws(PlatformError) {
        try EFIVariable.remove(name)
    }
}

extension LinuxMachine {
    package func memory() throws(PlatformError) -> MemoryInfo { try MemoryInfo.current() }
    package func resources() throws(PlatformError) -> [IOMemoryResource] {
        try KernelInfo.resources()
    }
    package func reserveMemory(pageCapacity: Int) throws(PlatformError) -> any PinnedPages {
        try PinnedMemory(pageCapacity: pageCapacity)
    }
    package func openCore(_ path: FilePath) throws(PlatformError) -> CoreFile {
        try CoreFile(open: path)
    }
    package func dropPageCache() throws(PlatformError) {
        try PageCache.drop()
    }
    package func reclaimPageCache(_ size: UInt64) throws(PlatformError) {
        try PageCache.reclaim(size)
    }
    package func filesInUse(
        limit: Int, unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> [any FileInUse] {
        try FilesInUse.all(limit: limit, unless: isUnwanted)
    }
    package func watchdogs() throws(PlatformError) -> [Watchdog] { try Watchdog.counting() }
    package func secretMemoryUsers() throws(PlatformError) -> [String] {
        try SecretMemory.users()
    }
    package func setOutOfMemoryScore(_ value: Int) throws(PlatformError) {
        try OutOfMemoryScore.setAdjustment(value)
    }
}

extension LinuxMachine {
    package func blockDevices() throws(PlatformError) -> BlockDeviceList {
        try BlockDeviceList.current()
    }
    package func open(
        _ path: FilePath, _ access: BlockDevice.Access, direct: Bool
    ) throws(PlatformError) -> BlockDevice {
        try BlockDevice(open: path, access, direct: direct)
    }
    package func contents(of device: BlockDevice) throws(PlatformError) -> DeviceContents {
        try Blkid.probe(device)
    }
    package func encryption(of number: DeviceNumber) throws(PlatformError) -> String? {
        try DiskEncryption.mapping(of: number)
    }
    package func unlockedDevices() throws(PlatformError) -> [FilePath] {
        try DiskEncryption.unlockedDevices()
    }
    package func mapping(of number: DeviceNumber) throws(PlatformError) -> DeviceMapping? {
        try DeviceMapping.of(number)
    }
    package func storageFlaw(
        of number: DeviceNumber
    ) throws(PlatformError) -> StorageFlaw? {
        try StorageFlaw.of(number)
    }
    package func array(of number: DeviceNumber) throws(PlatformError) -> DeviceArray? {
        try DeviceArray.of(number)
    }
    package func arrays() throws(PlatformError) -> [String] { try MDArray.names() }
    package func arraySetting(
        _ setting: MDArray.Setting, of name: String
    ) throws(PlatformError) -> String? {
        try MDArray.value(setting, of: name)
    }
    package func setArray(
        _ name: String, _ setting: MDArray.Setting, to value: String
    ) throws(PlatformError) {
        try MDArray.set(setting, of: name, to: value)
    }
    package func waitUntilClean(
        array name: String, milliseconds: Int
    ) throws(PlatformError) {
        try MDArray.waitUntilClean(name, milliseconds: milliseconds)
    }
    package func isRemovable(_ number: DeviceNumber) throws(PlatformError) -> Bool {
        try RemovableDevice.isRemovable(number)
    }
    package func mounts() throws(PlatformError) -> [Mount] { try Mounts.current() }
    package func mounts(of number: DeviceNumber) throws(PlatformError) -> [Mount] {
        try Mounts.of(number)
    }
    package func freeze(
        _ mount: Mount, whenLate: () -> Void
    ) throws(PlatformError) -> any FrozenFileSystem {
        try FileSystems.freeze(mount, whenLate: whenLate)
    }
    package func thaw(
        _ mountPoint: FilePath, _ number: DeviceNumber
    ) throws(PlatformError) -> Bool {
        try FileSystems.thaw(mountPoint, number)
    }
    package func swaps() throws(PlatformError) -> [ActiveSwap] { try Swaps.active() }
    package func swap(on number: DeviceNumber) throws(PlatformError) -> ActiveSwap? {
        try Swaps.active(on: number)
    }
    package func swapDiscard(of path: FilePath) -> SwapDiscard? { Swaps.discard(of: path) }
    package func blocks(of path: FilePath) throws(PlatformError) -> FileBlocks? {
        try FileBlocks.of(path)
    }
    package func activateSwap(
        _ path: FilePath, priority: Int, discard: SwapDiscard
    ) throws(PlatformError) {
        try Swaps.activate(path, priority: priority, discard: discard)
    }
    package func deactivateSwap(
        _ path: FilePath, unless isUnwanted: () -> Bool
    ) throws(PlatformError) {
        try Swaps.deactivate(path, unless: isUnwanted)
    }
    package func deviceEvents() throws(PlatformError) -> any DeviceEvents {
        try BlockDeviceEvents()
    }
    package var isAskingForPassphrase: Bool { PassphrasePrompt.isOpen() }
    package func exists(_ path: FilePath) -> Bool { SystemFile.exists(path) }
    package func file(_ path: FilePath, limit: Int) throws(PlatformError) -> [UInt8] {
        try SystemFile.bytes(path, limit: limit)
    }
    package func modificationTime(of path: FilePath) -> Int64? {
        SystemFile.modificationTime(of: path)
    }
    package func names(in directory: FilePath) throws(PlatformError) -> [String] {
        try SystemFile.names(in: directory)
    }
    package func overwriteFile(
        _ path: FilePath, with bytes: [UInt8]
    ) throws(PlatformError) {
        try WholeFile.overwrite(path, with: bytes)
    }
    package func replaceFile(
        _ path: FilePath, with bytes: [UInt8], mode: UInt32
    ) throws(PlatformError) {
        try WholeFile.replace(path, with: bytes, isDurable: true, mode: mode)
    }
    package func link(_ path: FilePath, to target: FilePath) throws(PlatformError) {
        try WholeFile.link(path, to: target)
    }
    package func removeFile(_ path: FilePath) throws(PlatformError) -> Bool {
        try WholeFile.remove(path)
    }
    package func removeEmptyDirectory(_ path: FilePath) { WholeFile.removeEmptyDirectory(path) }
    package func freeSpace(at path: FilePath) throws(PlatformError) -> UInt64 {
        try Mounts.freeSpace(at: path)
    }
}

extension LinuxMachine {
    package func kexecSupport(_ flags: Kexec.Flags) throws(PlatformError) -> Kexec.Support {
        try Kexec.support(flags)
    }
    /// A kernel that is kept gives away first what its first CPU has set aside: nobody could tell
    /// these pages from pages in use.
    package func loadKexec(
        entry: PhysicalAddress, segments: [KexecSegment], flags: Kexec.Flags
    ) throws(PlatformError) {
        guard flags.contains(.preserveContext) else {
            return try Kexec.load(entry: entry, segments: segments, flags: flags)
        }
        do throws(PlatformError) {
            try FirstCPU.usingUpItsPages { () throws(PlatformError) in
                try Kexec.load(entry: entry, segments: segments, flags: flags)
            }
        } catch {
            FirstCPU.allowAgain()
            throw error
        }
    }
    package var isKexecLoaded: Bool { Kexec.isLoaded }
    /// After this there is no jump for which the first CPU is to be left alone.
    package func unloadKexec(_ flags: Kexec.Flags) throws(PlatformError) {
        FirstCPU.allowAgain()
        try Kexec.unload(flags: flags)
    }
    package func notifyDrivers() throws(PlatformError) -> any DriverNotice {
        try SnapshotDevice()
    }
    package func deviceRefusals() -> DeviceRefusals? { DeviceRefusals.current() }
    package func jump() throws(PlatformError) { try Kexec.execute() }
    package var isCrashKernelLoaded: Bool { Kexec.isCrashKernelLoaded }
    package func panic() throws(PlatformError) { try Power.panic() }
    package var canSuspendToMemory: Bool { SuspendToMemory.isPossible() }
    package func suspendToMemory() throws(PlatformError) { try SuspendToMemory.run() }
    package func powerOff() throws(PlatformError) { try Power.off() }
    package func restart() throws(PlatformError) { try Power.restart() }
    package func sync() { Power.sync() }
}

extension LinuxMachine {
    package func startWorker(_ arguments: [String]) throws(PlatformError) -> any Worker {
        try WorkerProcess(arguments)
    }
    package func tellStarter(_ bytes: [UInt8]) throws(PlatformError) {
        try WorkerProcess.say(bytes)
    }
    package func hearStarter() throws(PlatformError) -> [UInt8] { try WorkerProcess.hear() }
    package func runProgram(
        _ path: FilePath, _ arguments: [String]
    ) throws(PlatformError) -> Int32 {
        try OtherProgram.run(path, arguments)
    }
    package func runTraced(
        _ path: FilePath, _ arguments: [String],
        replacing deed: (_ file: FilePath, _ bytes: [UInt8]) -> TracedProgram.Deed?
    ) throws(PlatformError) -> Int32 {
        try TracedProgram.run(path, arguments, replacing: deed)
    }
    package func useAllCPUs() { CPU.useAll() }
    package func forbidCoreDumps() { CoreDump.forbid() }
    package func askPassphrase(
        _ prompt: String, unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> SecretBytes? {
        try PassphrasePrompt.ask(prompt, unless: isUnwanted)
    }
    package var credentialsDirectory: FilePath? {
        guard let path = getenv("CREDENTIALS_DIRECTORY") else { return nil }
        return FilePath(String(cString: path))
    }
}
