// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import PhysicalMemory
import Sealing
import SystemPackage

/// The machine and the kernel that run this process, as far as the workflows see and change them.
///
/// ``LinuxMachine`` is the real one. A test hands the workflows a scripted one, so that each of
/// their decisions can be tried without a virtual machine. What a function answers, and which
/// errors it throws, is told where ``LinuxMachine`` gets it from.
package protocol Machine:
    KernelFacts, ProcessAccess, FirmwareFacts, MemoryAccess, DeviceAccess, JumpAccess
{}

/// What the running kernel says of itself, and takes as its settings.
package protocol KernelFacts: Sendable {
    /// See ``KernelInfo/commandLine()``.
    func commandLine() throws(PlatformError) -> String
    /// See ``KernelInfo/running()``.
    func kernel() throws(PlatformError) -> KernelInfo
    /// See ``KernelInfo/pagingDepth()``.
    func pagingDepth() throws(PlatformError) -> PagingDepth
    /// See ``CPU/hasFiveLevelPaging``.
    var hasFiveLevelPaging: Bool { get }
    /// See ``KernelMessages/contains(_:)``.
    func logContains(_ words: String) throws(PlatformError) -> Bool
    /// See ``CPU/number(withAffinity:sysfs:)``.
    func processor(withAffinity affinity: UInt64) throws(PlatformError) -> Int?
    /// See ``CPU/setForReboot(_:sysfs:)``.
    func setRebootProcessor(_ number: Int) throws(PlatformError)
    /// See ``CPU/presentCount(sysfs:)``.
    func presentCPUs() throws(PlatformError) -> Int
    /// See ``Capabilities/effective()``.
    func capabilities() throws(PlatformError) -> Capabilities
    /// See ``Lockdown/current()``.
    func lockdown() throws(PlatformError) -> Lockdown
    /// See ``Sysctl/value(_:)``.
    func sysctl(_ name: String) throws(PlatformError) -> String?
    /// See ``Sysctl/set(_:to:)``.
    @discardableResult
    func setSysctl(_ name: String, to value: String) throws(PlatformError) -> String
    /// See ``KernelSymbols/addresses(of:)``.
    func symbols(_ names: [String]) throws(PlatformError) -> [String: UInt64]
    /// See ``RandomPool/bytes(count:)``.
    func randomBytes(_ count: Int) throws(PlatformError) -> [UInt8]
    /// See ``RandomPool/stir(_:)``.
    func stirRandom(_ bytes: [UInt8]) throws(PlatformError)
    /// See ``OSRelease/value(_:)``.
    func osRelease(_ key: String) -> String?
    /// Whether the kernel can resume an image by itself: /sys/power/resume is there.
    var kernelResumes: Bool { get }
    /// See ``Watchdog/counting(sysfs:)``.
    func watchdogs() throws(PlatformError) -> [Watchdog]
    /// See ``KernelHibernation/current(sysfs:)``.
    func kernelHibernation() throws(PlatformError) -> KernelHibernation
    /// See ``Uptime/nanoseconds()``.
    func uptime() -> UInt64
    /// See ``WallClock/now()``.
    func time() -> UInt64
}

/// The process that does all this: who asks it to end, what it leaves for the next one, and who works
/// for it.
package protocol ProcessAccess: Sendable {
    /// See ``Signals/holdBack()``.
    func holdSignalsBack()
    /// See ``Signals/pending()``.
    func pendingSignal() -> Signal?
    /// See ``ProcessIdentity/current()``.
    func process() throws(PlatformError) -> ProcessIdentity
    /// See ``ProcessIdentity/isRunning``.
    func isRunning(_ process: ProcessIdentity) -> Bool
    /// See ``RuntimeFile/read(limit:)``.
    func undoNote(limit: Int) throws(PlatformError) -> [UInt8]?
    /// See ``RuntimeFile/replace(with:)``.
    func setUndoNote(_ bytes: [UInt8]) throws(PlatformError)
    /// See ``RuntimeFile/remove()``.
    func removeUndoNote() throws(PlatformError)
    /// See ``RuntimeFile/status``.
    func status(limit: Int) throws(PlatformError) -> [UInt8]?
    /// See ``RuntimeFile/status``.
    func setStatus(_ bytes: [UInt8]) throws(PlatformError)
    /// See ``RuntimeFile/onlyResume``.
    func forbidOtherResumes() throws(PlatformError)
    /// See ``WorkerProcess/init(_:)``.
    func startWorker(_ arguments: [String]) throws(PlatformError) -> any Worker
    /// See ``WorkerProcess/say(_:)``.
    func tellStarter(_ bytes: [UInt8]) throws(PlatformError)
    /// See ``WorkerProcess/hear()``.
    func hearStarter() throws(PlatformError) -> [UInt8]
    /// See ``OtherProgram/run(_:_:)``.
    func runProgram(_ path: FilePath, _ arguments: [String]) throws(PlatformError) -> Int32
    /// See ``TracedProgram/run(_:_:replacing:)``.
    func runTraced(
        _ path: FilePath, _ arguments: [String],
        replacing deed: (_ file: FilePath, _ bytes: [UInt8]) -> TracedProgram.Deed?
    ) throws(PlatformError) -> Int32
    /// See ``CPU/useAll()``.
    func useAllCPUs()
    /// See ``CoreDump/forbid()``.
    func forbidCoreDumps()
    /// See ``PassphrasePrompt/ask(_:unless:)``.
    func askPassphrase(
        _ prompt: String, unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> SecretBytes?
    /// Where systemd has put what this process is to know (`CREDENTIALS_DIRECTORY`, systemd.exec(5)).
    var credentialsDirectory: FilePath? { get }
}

/// What the firmware has told the kernel, and keeps for it.
package protocol FirmwareFacts: Sendable {
    /// See ``Firmware/memoryMap(sysfs:)``, on arm64 ``MemoryMap/init(ramOf:)``; nil where this kernel does not show it.
    func firmwareMap() throws(PlatformError) -> MemoryMap?
    /// See ``Firmware/bootParameters(sysfs:)``.
    func bootParameters() throws(PlatformError) -> [UInt8]
    /// See ``Firmware/acpiRootPointer(sysfs:)``.
    func acpiRootPointer() throws(PlatformError) -> PhysicalAddress?
    /// See ``Firmware/hardwareSignature(sysfs:)``.
    func hardwareSignature() throws(PlatformError) -> UInt32?
    /// See ``ACPITable/all(sysfs:)``.
    func acpiTables() throws(PlatformError) -> [ACPITable]
    /// See ``Invariants/lines(sysfs:)``.
    func invariants() throws(PlatformError) -> [String]
    /// See ``EFIVariable/mountFileSystem()``.
    func mountEFIVariables() throws(PlatformError)
    /// See ``EFIVariable/read(_:limit:in:)``.
    func efiVariable(_ name: String, limit: Int) throws(PlatformError) -> [UInt8]?
    /// See ``EFIVariable/write(_:to:in:)``.
    func writeEFIVariable(_ bytes: [UInt8], to name: String) throws(PlatformError)
    /// See ``EFIVariable/remove(_:in:)``.
    func removeEFIVariable(_ name: String) throws(PlatformError)
}

/// Memory: how much there is, whose it is, and some of it for ourselves.
package protocol MemoryAccess: Sendable {
    /// See ``MemoryInfo/current()``.
    func memory() throws(PlatformError) -> MemoryInfo
    /// See ``KernelInfo/resources()``.
    func resources() throws(PlatformError) -> [IOMemoryResource]
    /// See ``PinnedMemory/init(pageCapacity:)``.
    func reserveMemory(pageCapacity: Int) throws(PlatformError) -> any PinnedPages
    /// See ``CoreFile``: /proc/vmcore or /proc/kcore.
    func openCore(_ path: FilePath) throws(PlatformError) -> CoreFile
    /// See ``PageCache/drop()``.
    func dropPageCache() throws(PlatformError)
    /// See ``PageCache/reclaim(_:cgroups:)``.
    func reclaimPageCache(_ size: UInt64) throws(PlatformError)
    /// See ``FilesInUse/all(limit:proc:unless:)``.
    func filesInUse(
        limit: Int, unless isUnwanted: () -> Bool
    ) throws(PlatformError) -> [any FileInUse]
    /// See ``SecretMemory/users(proc:)``.
    func secretMemoryUsers() throws(PlatformError) -> [String]
    /// See ``OutOfMemoryScore/setAdjustment(_:)``.
    func setOutOfMemoryScore(_ value: Int) throws(PlatformError)
}

/// Block devices, what uses them, and files.
package protocol DeviceAccess: Sendable {
    /// See ``BlockDeviceList/current(sysfs:nodes:)``.
    func blockDevices() throws(PlatformError) -> BlockDeviceList
    /// See ``BlockDevice/init(open:_:direct:)``.
    func open(
        _ path: FilePath, _ access: BlockDevice.Access, direct: Bool
    ) throws(PlatformError) -> BlockDevice
    /// See ``Blkid/probe(_:)``.
    func contents(of device: BlockDevice) throws(PlatformError) -> DeviceContents
    /// See ``DiskEncryption/mapping(of:sysfs:)``.
    func encryption(of number: DeviceNumber) throws(PlatformError) -> String?
    /// See ``DeviceMapping/of(_:sysfs:)``.
    func mapping(of number: DeviceNumber) throws(PlatformError) -> DeviceMapping?
    /// See ``DiskEncryption/unlockedDevices(sysfs:nodes:)``.
    func unlockedDevices() throws(PlatformError) -> [FilePath]
    /// See ``StorageFlaw/of(_:sysfs:)``.
    func storageFlaw(of number: DeviceNumber) throws(PlatformError) -> StorageFlaw?
    /// See ``DeviceArray/of(_:sysfs:)``.
    func array(of number: DeviceNumber) throws(PlatformError) -> DeviceArray?
    /// See ``MDArray/names(sysfs:)``.
    func arrays() throws(PlatformError) -> [String]
    /// See ``MDArray/value(_:of:sysfs:)``.
    func arraySetting(
        _ setting: MDArray.Setting, of name: String
    ) throws(PlatformError) -> String?
    /// See ``MDArray/set(_:of:to:sysfs:)``.
    func setArray(
        _ name: String, _ setting: MDArray.Setting, to value: String
    ) throws(PlatformError)
    /// See ``MDArray/waitUntilClean(_:milliseconds:sysfs:)``.
    func waitUntilClean(array name: String, milliseconds: Int) throws(PlatformError)
    /// See ``RemovableDevice/isRemovable(_:sysfs:)``.
    func isRemovable(_ number: DeviceNumber) throws(PlatformError) -> Bool
    /// See ``Mounts/current()``.
    func mounts() throws(PlatformError) -> [Mount]
    /// See ``Mounts/of(_:)``.
    func mounts(of number: DeviceNumber) throws(PlatformError) -> [Mount]
    /// See ``FileSystems/freeze(_:whenLate:)``.
    func freeze(
        _ mount: Mount, whenLate: () -> Void
    ) throws(PlatformError) -> any FrozenFileSystem
    /// See ``FileSystems/thaw(_:_:)``.
    func thaw(_ mountPoint: FilePath, _ number: DeviceNumber) throws(PlatformError) -> Bool
    /// See ``Swaps/active()``.
    func swaps() throws(PlatformError) -> [ActiveSwap]
    /// See ``Swaps/active(on:)``.
    func swap(on number: DeviceNumber) throws(PlatformError) -> ActiveSwap?
    /// See ``Swaps/discard(of:)``.
    func swapDiscard(of path: FilePath) -> SwapDiscard?
    /// See ``FileBlocks/of(_:)``.
    func blocks(of path: FilePath) throws(PlatformError) -> FileBlocks?
    /// See ``Swaps/activate(_:priority:discard:)``.
    func activateSwap(
        _ path: FilePath, priority: Int, discard: SwapDiscard
    ) throws(PlatformError)
    /// See ``Swaps/deactivate(_:unless:)``.
    func deactivateSwap(_ path: FilePath, unless isUnwanted: () -> Bool) throws(PlatformError)
    /// See ``BlockDeviceEvents``.
    func deviceEvents() throws(PlatformError) -> any DeviceEvents
    /// See ``PassphrasePrompt/isOpen(_:)``.
    var isAskingForPassphrase: Bool { get }
    /// Whether there is a file, a directory or a node.
    func exists(_ path: FilePath) -> Bool
    /// See ``SystemFile/bytes(_:limit:)``.
    func file(_ path: FilePath, limit: Int) throws(PlatformError) -> [UInt8]
    /// See ``SystemFile/modificationTime(of:)``.
    func modificationTime(of path: FilePath) -> Int64?
    /// See ``SystemFile/names(in:)``.
    func names(in directory: FilePath) throws(PlatformError) -> [String]
    /// See ``WholeFile/replace(_:with:isDurable:mode:)``; durable.
    func replaceFile(
        _ path: FilePath, with bytes: [UInt8], mode: UInt32
    ) throws(PlatformError)
    /// See ``WholeFile/overwrite(_:with:)``.
    func overwriteFile(_ path: FilePath, with bytes: [UInt8]) throws(PlatformError)
    /// See ``WholeFile/link(_:to:)``.
    func link(_ path: FilePath, to target: FilePath) throws(PlatformError)
    /// See ``WholeFile/remove(_:)``.
    func removeFile(_ path: FilePath) throws(PlatformError) -> Bool
    /// See ``WholeFile/removeEmptyDirectory(_:)``.
    func removeEmptyDirectory(_ path: FilePath)
    /// See ``Mounts/freeSpace(at:)``.
    func freeSpace(at path: FilePath) throws(PlatformError) -> UInt64
}

/// Other kernels, and the end of this one.
package protocol JumpAccess: Sendable {
    /// See ``Kexec/support(_:)``.
    func kexecSupport(_ flags: Kexec.Flags) throws(PlatformError) -> Kexec.Support
    /// See ``Kexec/load(entry:segments:flags:)``.
    func loadKexec(
        entry: PhysicalAddress, segments: [KexecSegment], flags: Kexec.Flags
    ) throws(PlatformError)
    /// See ``Kexec/isLoaded``.
    var isKexecLoaded: Bool { get }
    /// See ``Kexec/unload(flags:)``.
    func unloadKexec(_ flags: Kexec.Flags) throws(PlatformError)
    /// Drivers are told that this kernel is about to stand still. See ``DriverNotice``.
    func notifyDrivers() throws(PlatformError) -> any DriverNotice
    /// See ``DeviceRefusals/current(sysfs:)``.
    func deviceRefusals() -> DeviceRefusals?
    /// See ``Kexec/execute()``.
    func jump() throws(PlatformError)
    /// See ``Kexec/isCrashKernelLoaded``.
    var isCrashKernelLoaded: Bool { get }
    /// See ``Power/panic()``.
    func panic() throws(PlatformError)
    /// See ``SuspendToMemory/isPossible(sysfs:)``.
    var canSuspendToMemory: Bool { get }
    /// See ``SuspendToMemory/run(sysfs:)``.
    func suspendToMemory() throws(PlatformError)
    /// See ``Power/off()``.
    func powerOff() throws(PlatformError)
    /// See ``Power/restart()``.
    func restart() throws(PlatformError)
    /// See ``Power/sync()``.
    func sync()
}

extension DeviceAccess {
    /// One for root only.
    package func replaceFile(_ path: FilePath, with bytes: [UInt8]) throws(PlatformError) {
        try replaceFile(path, with: bytes, mode: WholeFile.secret)
    }

    /// Whether two paths lead to the same device.
    package func isSameDevice(_ path: FilePath, _ other: FilePath) -> Bool {
        if path == other { return true }
        let numbers = [path, other].map { (try? open($0, .read, direct: false))?.number }
        return numbers[0] != nil && numbers[0] == numbers[1]
    }

    /// Opens for transfers past the page cache where the file system of a regular file knows them,
    /// else for others.
    package func openDirectly(
        _ path: FilePath, _ access: BlockDevice.Access
    ) throws(PlatformError) -> BlockDevice {
        do { return try open(path, access, direct: true) } catch {
            guard error.number == .invalidArgument else { throw error }
            return try open(path, access, direct: false)
        }
    }
}
