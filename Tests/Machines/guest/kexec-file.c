// SPDX-License-Identifier: GPL-2.0-or-later
//
// kexec-file KERNEL INITRAMFS COMMAND_LINE: starts another kernel, as kexec-tools' `kexec -s` does.

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <linux/reboot.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: kexec-file KERNEL INITRAMFS COMMAND_LINE\n", stderr);
        return 2;
    }
    int kernel = open(argv[1], O_RDONLY);
    int initramfs = open(argv[2], O_RDONLY);
    if (syscall(SYS_kexec_file_load, kernel, initramfs, strlen(argv[3]) + 1, argv[3], 0UL) != 0) {
        perror("kexec_file_load");
        return 1;
    }
    sync();
    reboot(LINUX_REBOOT_CMD_KEXEC);
    perror("reboot");
    return 1;
}
