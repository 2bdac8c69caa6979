/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Swift's runtime aborts where there is no /proc, before `main` runs: it asks /proc/self/exe where the
 * program is. So whoever is in a bare shell is told what is missing before it does.
 */
#include <unistd.h>

__attribute__((constructor(101))) static void require_proc(void)
{
    static const char text[] =
        "kresume: /proc is not mounted: mount -t proc proc /proc\n";
    char byte;
    if (readlink("/proc/self/exe", &byte, 1) > 0)
        return;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) {
        /* There is nobody to be told. */
    }
    _exit(1);
}
