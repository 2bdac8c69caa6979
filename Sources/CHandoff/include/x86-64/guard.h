/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard: the saver kernel's first process. It gives the kernel the way back into A for the case
 * of a panic, and becomes the initramfs's own init.
 *
 * A program for Linux on x86-64, whole but for what Swift fills in: how large it is, what to load,
 * whom to become. What it loads follows at KRESUME_GUARD_PAYLOAD.
 */
#ifndef KRESUME_GUARD_H
#define KRESUME_GUARD_H

/* Offsets in the program's file. */
#define KRESUME_GUARD_FILE_SIZE		96	/* of its ELF program header, u64 */
#define KRESUME_GUARD_MEMORY_SIZE	104	/* the same once more */
#define KRESUME_GUARD_ENTRY		128	/* u64: where the crash kernel is entered, physical */
#define KRESUME_GUARD_PAYLOAD_SIZE	144	/* u64, bytes */
#define KRESUME_GUARD_PAYLOAD_MEMORY	152	/* u64, physical */
#define KRESUME_GUARD_PAYLOAD_EXTENT	160	/* u64, bytes: whole pages */
#define KRESUME_GUARD_INIT		256	/* a path, zero-terminated */
#define KRESUME_GUARD_INIT_SIZE		256	/* with its zero */
#define KRESUME_GUARD_PAYLOAD		4096

#ifndef __ASSEMBLER__

#include <stddef.h>

extern const unsigned char kresume_guard_start[], kresume_guard_end[];

/* Swift does not import arrays of unknown length: the same as functions. */
static inline const unsigned char *kresume_guard_bytes(void) { return kresume_guard_start; }

/* One page. */
static inline size_t kresume_guard_size(void)
{
	return (size_t)(kresume_guard_end - kresume_guard_start);
}

#endif
#endif
