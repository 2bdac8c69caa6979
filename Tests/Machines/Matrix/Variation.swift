// SPDX-License-Identifier: GPL-2.0-or-later

import MachineHarness

/// How a machine differs from the usual one.
struct Variation: Sendable {
    let name: String
    /// Of the machine, whatever kernel runs it.
    var both: @Sendable (inout Configuration) -> Void = { _ in }
    /// Where the swap area is.
    var swap = Disk.Interface.virtio
    /// Changes the disks, of which the first is the swap area, or adds some.
    var disks: @Sendable (inout [Disk], Bench) throws -> Void = { _, _ in }
    /// When the original kernel runs it.
    var original: @Sendable (inout Configuration) -> Void = { _ in }
    /// When the restore kernel does.
    var restore: @Sendable (inout Configuration) -> Void = { _ in }
    /// Done to the original machine before `prepare`.
    var onceBooted: @Sendable (Machine) throws -> Void = { _ in }
    /// Run in the original machine, before its work; fails where the machine is not what it is called. The
    /// word SWAP is the swap area.
    var prepare = "true"
    /// Both are done before the machine is resumed, too.
    var preparesRestore = false
    /// Run in the original machine: prints what is to be the same afterwards.
    var state = "true"
    /// What happens where the kernel hibernates by itself, so that there is no image to resume.
    var hasNoStockImage: String?

    static let all = processors + memory + devices + ways
}

/// Waits in a guest until a condition holds, for a minute at most.
private func until(_ condition: String) -> String {
    """
    turns=6000; until \(condition); do \
    turns=$((turns - 1)); [ $turns -gt 0 ] || exit 1; usleep 10000; done
    """
}

// MARK: Processors

extension Variation {
    private static let online =
        "cat /sys/devices/system/cpu/online; grep -c ^processor /proc/cpuinfo"

    private static let processors =
        [1, 4, 8].map { count in
            Variation(
                name: count == 1 ? "1 processor" : "\(count) processors",
                both: { $0.processors = count }, prepare: "[ $(nproc) = \(count) ]", state: online)
        } + [
            Variation(
                name: "4 processors, of which C uses 1", both: { $0.processors = 4 },
                restore: { $0.parameters = ["maxcpus=1"] }, prepare: "[ $(nproc) = 4 ]",
                state: online),
            Variation(
                name: "4 processors, of which A uses 1", both: { $0.processors = 4 },
                original: { $0.parameters = ["maxcpus=1"] }, prepare: "[ $(nproc) = 1 ]",
                state: online),
            Variation(
                name: "4 processors, of which A has switched off 2", both: { $0.processors = 4 },
                prepare: """
                    for i in 1 3; do echo 0 >/sys/devices/system/cpu/cpu$i/online; done
                    [ "$(cat /sys/devices/system/cpu/online)" = 0,2 ]
                    """, state: online),
            Variation(
                name: "2 threads a core and nosmt",
                both: {
                    $0.processors = 4
                    $0.threads = 2
                },
                original: { $0.parameters = ["nosmt"] },
                prepare: "[ $(nproc) = 2 ] && [ $(cat /sys/devices/system/cpu/smt/control) = off ]",
                state: online),
            Variation(
                name: "2 threads a core, and nosmt in C",
                both: {
                    $0.processors = 4
                    $0.threads = 2
                },
                restore: { $0.parameters = ["nosmt"] }, prepare: "[ $(nproc) = 4 ]", state: online),
        ]
}

// MARK: Memory

extension Variation {
    private static let total = "grep MemTotal: /proc/meminfo"

    private static let memory = [
        Variation(
            name: "16 GiB", both: { $0.memory = 16384 },
            prepare: "[ $(awk '/MemTotal/ { print $2 }' /proc/meminfo) -gt 16000000 ]", state: total
        ),
        Variation(
            name: "2 nodes", both: { $0.nodes = 2 },
            prepare: "[ -e /sys/devices/system/node/node1 ]",
            state: "cat /sys/devices/system/node/online"),
        Variation(
            name: "mem=512M in A", original: { $0.parameters = ["mem=512M"] },
            prepare: "[ $(awk '/MemTotal/ { print $2 }' /proc/meminfo) -lt 524288 ]", state: total),
        Variation(
            name: "mem=512M in A and C", both: { $0.parameters = ["mem=512M"] },
            prepare: "[ $(awk '/MemTotal/ { print $2 }' /proc/meminfo) -lt 524288 ]", state: total),
        Variation(
            name: "memmap=64M$400M in A and C", both: { $0.parameters = ["memmap=64M$400M"] },
            prepare: "grep -q '19000000-1cffffff : Reserved' /proc/iomem", state: total),
        Variation(
            name: "memmap=64M$400M in C", restore: { $0.parameters = ["memmap=64M$400M"] },
            state: total),
        Variation(
            name: "huge pages",
            prepare: """
                echo 24 >/proc/sys/vm/nr_hugepages
                pattern hold huge 48 /run/held & echo $! >/run/holder; \(until("[ -e /run/held ]"))
                """, state: "grep HugePages_ /proc/meminfo; \(held)"),
        Variation(
            name: "merged pages (KSM)",
            prepare: """
                echo 1000 >/sys/kernel/mm/ksm/pages_to_scan; echo 1 >/sys/kernel/mm/ksm/run
                pattern hold same 32 /run/held & echo $! >/run/holder
                \(until("[ $(cat /sys/kernel/mm/ksm/pages_sharing) -gt 4000 ]"))
                """, state: "cat /sys/kernel/mm/ksm/run; \(held)"),
        Variation(
            name: "compressed swap (zswap)",
            prepare: """
                echo 1 >/sys/module/zswap/parameters/enabled && swapon SWAP
                mkdir /tmp/groups /tmp/swapped && mount -t cgroup2 groups /tmp/groups
                mkdir /tmp/groups/one && echo +memory >/tmp/groups/cgroup.subtree_control
                sh -c 'echo $$ >/tmp/groups/one/cgroup.procs && pattern write-pieces /tmp/swapped 48 1024'
                echo 32M >/tmp/groups/one/memory.reclaim || :
                mount -t debugfs debug /sys/kernel/debug
                [ $(cat /sys/kernel/debug/zswap/stored_pages) -gt 1000 ]
                """, state: "pattern check-pieces /tmp/swapped 48 1024"),
        Variation(
            name: "a balloon", both: { $0.devices = ["virtio-balloon-pci"] },
            onceBooted: { $0.inflateBalloon(until: 640) },
            prepare: until("[ $(awk '/MemTotal/ { print $2 }' /proc/meminfo) -lt 655360 ]"),
            preparesRestore: true),
    ]

    /// What `pattern hold` finds, once.
    private static let held = """
        if [ -e /run/asked ]; then kill -USR1 $(cat /run/holder); \
        \(until("[ -s /run/held ]")); cat /run/held; else touch /run/asked; echo 0; fi
        """
}

// MARK: Devices

extension Variation {
    private static let devices =
        [
            Variation(
                name: "NVMe", both: { $0.board = .q35 }, swap: .nvme),
            Variation(
                name: "AHCI", both: { $0.board = .q35 }, swap: .ahci),
            Variation(
                name: "a USB stick for the image", both: { $0.board = .q35 }, swap: .usb,
                // As it is by itself, but for a kernel without USB_DEFAULT_PERSIST.
                prepare: """
                    \(until("[ -e /dev/sda ]"))
                    for file in /sys/bus/usb/devices/*/power/persist; do echo 1 >$file; done
                    """, preparesRestore: true),
            Variation(
                name: "sectors of 4096 bytes", disks: { disks, _ in disks[0].sectorSize = 4096 },
                prepare: "[ $(cat /sys/block/vda/queue/logical_block_size) = 4096 ]"),
            Variation(
                name: "sectors of 4096 bytes (NVMe)", both: { $0.board = .q35 }, swap: .nvme,
                disks: { disks, _ in disks[0].sectorSize = 4096 },
                prepare: "[ $(cat /sys/block/nvme0n1/queue/logical_block_size) = 4096 ]"),
            Variation(
                name: "a disk that was plugged in",
                disks: { disks, bench in disks.append(Disk(try bench.disk("plugged", size: 64))) },
                original: { $0.disks[2].isPluggedIn = false },
                restore: { $0.disks[2].isPluggedIn = false },
                onceBooted: { $0.plug(disk: 2, slot: slot) },
                prepare: until("[ -e /dev/vdc ]"), preparesRestore: true,
                state: "echo 3 >/proc/sys/vm/drop_caches; cat /sys/block/vdc/size; "
                    + "head -c 32M /dev/vdc | md5sum"),
            // Its requests come from the processor that goes off: one that is not carried out would keep it on.
            Variation(
                name: "an md array that is being checked",
                disks: { disks, bench in
                    for name in ["one", "two"] {
                        disks.append(Disk(try bench.disk(name, size: 4096)))
                    }
                },
                prepare: """
                    set -e; echo md0 >/sys/module/md_mod/parameters/new_array; cd /sys/block/md0/md
                    echo none >metadata_version; echo raid1 >level; echo 2 >raid_disks
                    echo 4000000 >component_size; echo none >resync_start
                    slot=0; for disk in vdc vdd; do
                    cat /sys/block/$disk/dev >new_dev; echo $slot >dev-$disk/slot; slot=1; done
                    echo active >array_state; echo check >sync_action
                    \(until("thread=$(pidof md0_resync) && taskset -p 2 $thread"))
                    """,
                state: "cd /sys/block/md0/md; cat sync_action safe_mode_delay mismatch_cnt",
                hasNoStockImage: "the kernel stands still"),
        ]
        + [
            ("Intel", "intel-iommu", "dmar0", "Enabled IRQ remapping"),
            ("AMD", "amd-iommu", "ivhd0", "Interrupt remapping enabled"),
        ].map { maker, device, name, words in
            Variation(
                name: "an IOMMU of \(maker)'s with interrupt remapping",
                both: {
                    $0.board = .q35
                    $0.devices = ["\(device),intremap=on"]
                }, swap: .nvme,
                prepare: "[ -e /sys/class/iommu/\(name) ] && dmesg | grep -q '\(words)'",
                state: "ls /sys/class/iommu /sys/kernel/iommu_groups | wc -l")
        }

        + [
            // Interrupts that are remapped can go to such controllers.
            Variation(
                name: "interrupt controllers in x2APIC mode",
                both: {
                    $0.hasNewerEmulator = true
                    $0.board = .q35
                    $0.processorModel += ",+x2apic"
                    $0.devices = ["intel-iommu,intremap=on,eim=on"]
                },
                prepare: "dmesg | grep -q '^.*x2apic enabled'",
                state: "grep -c x2apic /proc/cpuinfo")
        ]

    /// Free on the usual board.
    private static let slot = "1e"
}

// MARK: How the kernels came up

extension Variation {
    private static let ways = [
        Variation(
            name: "an A that was started by kexec",
            onceBooted: { machine in
                let line = Configuration.commonParameters + ["started.twice", "-- run true"]
                _ = machine.send(
                    """
                    mount -t ext4 /dev/vdb /mnt && cp -r /boot /mnt && umount /mnt &&
                        kexec-file /boot/vmlinuz-* /boot/initrd.img-* '\(line.joined(separator: " "))'
                    """)
                _ = try machine.waitForBootCommand()
            },
            prepare: """
                grep -q started.twice /proc/cmdline && mount -t ext4 /dev/vdb /mnt && cp -r /mnt/boot / &&
                    rm -r /mnt/boot && umount /mnt
                """)
    ]
}
