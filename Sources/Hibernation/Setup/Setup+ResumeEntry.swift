// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform
import SystemPackage

/// The boot entry with a resume initramfs: `kresume setup --resume-initramfs`. The script that makes it knows
/// tools and loaders; when, and of which kernel, is decided here.
extension Setup {
    /// What has to be there for it, and whether it is to be made.
    func planResumeEntry(_ plan: inout SetupPlan) throws {
        let entry = ResumeEntry(machine)
        guard makesResumeEntry || entry != nil else { return }
        let loader: BootLoader
        do { loader = try usableLoader() } catch {
            if makesResumeEntry { throw error }
            return plan.warnings.append(error.explanation)
        }
        let release = try ResumeEntry.newestKernel(machine) ?? machine.kernel().release
        // It follows the usual initramfs.
        if plan.isEmpty, isWhole(entry) { return }
        plan.steps.append(.resumeEntry(loader, release: release))
    }

    private func usableLoader() throws(SetupError) -> BootLoader {
        guard let loader = BootLoader(machine) else { throw .noBootLoader }
        if loader == .grub, let file = BootLoader.grubEnvironment(machine),
            !BootLoader.canGRUBWrite(file, machine)
        {
            throw .readOnlyForGRUB(file)
        }
        return loader
    }

    /// For the hooks of kernels and initramfs tools: makes an entry again where it has to be.
    package func refresh() throws {
        try Permission.requireRoot(machine)
        guard let entry = ResumeEntry(machine), !isWhole(entry) else { return }
        try makeResumeEntry(for: entry.loader)
    }

    /// A hook may have made it, of the usual initramfs that was made just now.
    func makeResumeEntry(for loader: BootLoader) throws {
        if isWhole(ResumeEntry(machine)) { return }
        guard let tool = InitramfsTool(machine) else { throw SetupError.noInitramfsTool }
        guard let release = ResumeEntry.newestKernel(machine) else { throw SetupError.noKernel }
        let kernel = try SaverFiles(release: release, machine: machine).kernel()
        try callScript(["make", tool.rawValue, loader.rawValue, release, kernel.string])
    }

    func removeResumeEntry() throws { try callScript(["remove"]) }

    private func isWhole(_ entry: ResumeEntry?) -> Bool {
        guard let entry else { return false }
        do { try entry.requireWhole(machine) } catch { return false }
        return true
    }

    private func callScript(_ arguments: [String]) throws {
        let name = "resume-initramfs"
        let path = Self.sharedDirectories.lazy.map { FilePath("\($0)/kresume/\(name)") }
            .first { machine.exists($0) }
        guard let path else { throw SetupError.noProgram(name) }
        try call(path, arguments)
    }
}
