// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import MachineHarness
import Testing

/// A Debian with its stock kernel, 6.1, that hibernates as Debian does; resumed by kresume in an
/// initramfs of Debian's tools. The machine boots once, and goes round once for each place that an
/// image may be in. But for LUKS, what kresume does is the same in every initramfs: it waits for the
/// device that `resume=` names. So one kind of initramfs for each other place is enough.
extension Machines {
    @Suite(.serialized) struct InitramfsStockTests {
        @Test func circles() throws {
            try Bench.use("initramfs-stock") { bench in
                var configuration = try Debian.configuration(bench, .stock, .dracutPlain)
                configuration.disks += [
                    Disk(try bench.ext4()), Disk(try bench.disk("luks", size: 1024)),
                    Disk(try bench.disk("volumes", size: 1024)),
                ]
                var machine = try bench.start("first", configuration)
                try machine.waitUntilRunning()
                // Without an image nobody notices kresume.
                try machine.expectKresumeSays([])
                try machine.startWork(memory: 16)
                // Waits, unlike systemctl hibernate, which does the same.
                machine = try roundTrip(
                    bench, machine, "systemctl start hibernate.target", configuration,
                    as: "partition",
                    whileOff: {
                        for initramfs in System.Initramfs.allCases {
                            var other = configuration
                            other.system = .installed(.stock, initramfs)
                            try expectNobodyResumes(
                                bench, other, as: "changed-\(initramfs.rawValue)")
                        }
                    })
                let luks = LUKSSwap(disk: "/dev/vdc")
                try machine.expect(luks.create)
                for initramfs in [System.Initramfs.initramfsTools, .dracut] {
                    machine = try inLUKS(luks, bench, machine, configuration, initramfs)
                }
                machine = try onLogicalVolume(bench, machine, configuration)
                machine = try inFile(bench, machine, configuration)
                try machine.stopWork()
                try bench.checkInstalledFileSystem(configuration.disks[0].path)
            }
        }
    }
}

/// A passphrase is typed when the time that kresume would wait is over: it must not have begun, or
/// the image is lost.
private func inLUKS(
    _ luks: LUKSSwap, _ bench: Bench, _ machine: Machine, _ configuration: Configuration,
    _ initramfs: System.Initramfs
) throws -> Machine {
    var restore = configuration
    restore.system = .installed(.stock, initramfs)
    restore.initramfs = try bench.initramfs(
        of: restore.system, adding: [earlyScript(of: initramfs): lateness])
    restore.parameters = Debian.parameters(
        resume: "UUID=\(luks.swapUUID)", "kresume.wait=2", luks.parameters(for: initramfs))
    let back = try roundTrip(
        bench, machine, hibernation(to: luks.path), restore,
        as: "luks-\(initramfs.rawValue)"
    ) { restorer in
        try restorer.waitForConsole("late enough")
        restorer.type("secret\n")
    }
    // Not even while the key was derived.
    #expect(!back.console.contains("kresume: waiting"))
    return back
}

/// A file that an initramfs sources before it runs kresume.
private func earlyScript(of initramfs: System.Initramfs) -> String {
    switch initramfs {
    case .initramfsTools: "conf/param.conf"
    case .dracut, .dracutPlain: "usr/lib/dracut/hooks/cmdline/99-test.sh"
    }
}

private func onLogicalVolume(
    _ bench: Bench, _ machine: Machine, _ configuration: Configuration
) throws -> Machine {
    try machine.expect(
        """
        exec 2>&1 >/dev/null
        vgcreate -q group /dev/vdd && lvcreate -q -y -l 100%FREE -n swap group && \
        mkswap -q /dev/group/swap
        """)
    var restore = configuration
    restore.system = .installed(.stock, .dracut)
    restore.parameters = Debian.parameters(
        resume: "/dev/mapper/group-swap", "rd.lvm.lv=group/swap")
    return try roundTrip(
        bench, machine, hibernation(to: "/dev/group/swap"), restore, as: "volume")
}

/// Where the command line tells the place of the file, where it is wrong about it, and where it does not know;
/// of the last two the initramfs's own way to have the kernel resume makes nothing.
private func inFile(
    _ bench: Bench, _ machine: Machine, _ configuration: Configuration
) throws -> Machine {
    let reply = try machine.run(
        """
        fallocate -l 512M /swapfile && chmod 600 /swapfile && mkswap -q /swapfile && \
        filefrag -v /swapfile | awk '$1 == "0:" { print $4 + 0 }'
        """)
    let offset = try #require(UInt64(reply.output), "\(reply.output)")
    var machine = machine
    for (initramfs, said) in [
        (System.Initramfs.initramfsTools, "\(offset)"), (.initramfsTools, "7"), (.dracutPlain, ""),
    ] {
        var restore = configuration
        restore.system = .installed(.stock, initramfs)
        if said != "\(offset)" {
            restore.initramfs = try bench.initramfs(
                of: restore.system,
                adding: [
                    earlyScript(of: initramfs): "echo 'find-offset = yes' >/etc/kresume.conf\n"
                ])
        }
        restore.parameters = Debian.parameters(resume: Debian.root, "resume_offset=\(said)")
        machine = try roundTrip(
            bench, machine, hibernation(to: "/swapfile", on: "/dev/vda1", offset: offset), restore,
            as: "file-\(said)")
    }
    try machine.expect("swapoff /swapfile && rm /swapfile")
    return machine
}

/// Sourced in the initramfs, maybe more than once: says so when somebody has been asked for a
/// passphrase for more than the two seconds of kresume.wait=2. Not by the kernel's log: askpass
/// keeps that off the console.
private let lateness = """
    [ -e /run/late ] || {
        : >/run/late
        (
            until ls /run/systemd/ask-password/ask.* || grep -qsx askpass /proc/[0-9]*/comm; do
                sleep 1
            done >/dev/null 2>&1
            sleep 4
            echo 'late enough' >/dev/console
        ) &
    }
    """

/// The command by which the kernel hibernates to a swap area, the only one then. `device` and
/// `offset`, in pages, say where the area is, if it is a file.
private func hibernation(
    to area: String, on device: String? = nil, offset: UInt64 = 0
) -> String {
    """
    swapoff -a && swapon \(area) && echo \(offset) >/sys/power/resume_offset && \
    lsblk -dno MAJ:MIN \(device ?? area) | tr -d ' ' >/sys/power/resume; \
    echo shutdown >/sys/power/disk && echo disk >/sys/power/state
    """
}

/// Somebody has mounted a file system of the machine that is off: kresume refuses, the initramfs's own
/// way to have the kernel resume is not gone, and the image is kept.
func expectNobodyResumes(
    _ bench: Bench, _ configuration: Configuration, as name: String
) throws {
    var other = configuration
    for index in 0...1 {
        other.disks[index].path = try bench.copy(other.disks[index], as: "\(name)-\(index)")
    }
    let disk = try FileHandle(forWritingTo: URL(filePath: other.disks[1].path))
    // `s_mnt_count` of `struct ext4_super_block`, fs/ext4/ext4.h, Linux 6.12.
    try disk.seek(toOffset: 1024 + 0x34)
    try disk.write(contentsOf: Data([77]))
    try disk.close()
    let machine = try bench.start(name, other)
    // A would not mount it again; what comes after that is any boot.
    try machine.waitForConsole("EXT4-fs (vda1): mounted", limit: .seconds(300))
    #expect(machine.console.contains("/dev/vdb (ext4) was mounted 1 times, now 77"))
    machine.kill()
    let swap = try FileHandle(forReadingFrom: URL(filePath: other.disks[0].path))
    try swap.seek(toOffset: 1025 << 20 + 4086)
    #expect(try swap.read(upToCount: 9) == Data("S1SUSPEND".utf8))
    try swap.close()
    for index in 0...1 { try FileManager.default.removeItem(atPath: other.disks[index].path) }
}

/// Once round the circle. `meanwhile` is done while the restore kernel runs.
func roundTrip(
    _ bench: Bench, _ machine: Machine, _ command: String, _ restore: Configuration,
    as name: String, meanwhile: (Machine) throws -> Void = { _ in },
    whileOff: () throws -> Void = {}
) throws -> Machine {
    let request = machine.send(command)
    try machine.waitForPowerOff(by: request)
    try whileOff()
    let record = try bench.mountRecord(restore.disks[0].path)
    #expect(record.contains { $0.contains("needs_recovery") })
    let back = try bench.start(name, restore)
    try meanwhile(back)
    let reply = try back.waitForReturn(of: request)
    #expect(reply.status == 0, "\(reply.output)")
    #expect(back.console.contains("kresume: going back"))
    // The restore kernel has seen the root file system, and left it alone.
    #expect(!back.console.contains("EXT4-fs (vda1): mounted"))
    #expect(try bench.mountRecord(restore.disks[0].path) == record)
    try back.expectWorkIntact()
    try back.expect("systemctl is-system-running", gives: "running")
    return back
}
