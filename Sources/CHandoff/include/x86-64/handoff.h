/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the restore hand-off is told on x86-64. */
#ifndef KRESUME_X86_64_HANDOFF_H
#define KRESUME_X86_64_HANDOFF_H

/* Offsets in struct kresume_handoff, for the assembly. */
#define HANDOFF_TOP_TABLE_4	0
#define HANDOFF_TOP_TABLE_5	8
#define HANDOFF_LIST		16
#define HANDOFF_ENTRY		24
#define HANDOFF_R8		32
#define HANDOFF_R9		40
#define HANDOFF_CR4_LA57	48
#define HANDOFF_DEBUG_PORT	52
#define HANDOFF_FLAGS		56
#define HANDOFF_SIZE		64

/*
 * Entered from a kernel that has panicked: it has shut no device down, and any CPU may be the one
 * that runs.
 */
#define HANDOFF_AFTER_PANIC	1

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/* All addresses are physical unless said otherwise. */
struct kresume_handoff {
	uint64_t top_table_4;	/* PML4 of the identity map */
	uint64_t top_table_5;	/* PML5 of the same */
	uint64_t list;		/* first struct kresume_handoff_list; 0: none */
	uint64_t entry;		/* where to jump; virtual in the identity map's terms */
	uint64_t r8;		/* registers at the entry */
	uint64_t r9;
	uint32_t cr4_la57;	/* CR4.LA57 that the entry expects: 0 or 0x1000 */
	uint32_t debug_port;	/* a letter goes to this I/O port at each stage; 0: none */
	uint32_t flags;		/* HANDOFF_AFTER_PANIC */
	uint32_t reserved;	/* zero */
};

_Static_assert(offsetof(struct kresume_handoff, top_table_4) == HANDOFF_TOP_TABLE_4, "");
_Static_assert(offsetof(struct kresume_handoff, top_table_5) == HANDOFF_TOP_TABLE_5, "");
_Static_assert(offsetof(struct kresume_handoff, list) == HANDOFF_LIST, "");
_Static_assert(offsetof(struct kresume_handoff, entry) == HANDOFF_ENTRY, "");
_Static_assert(offsetof(struct kresume_handoff, r8) == HANDOFF_R8, "");
_Static_assert(offsetof(struct kresume_handoff, r9) == HANDOFF_R9, "");
_Static_assert(offsetof(struct kresume_handoff, cr4_la57) == HANDOFF_CR4_LA57, "");
_Static_assert(offsetof(struct kresume_handoff, debug_port) == HANDOFF_DEBUG_PORT, "");
_Static_assert(offsetof(struct kresume_handoff, flags) == HANDOFF_FLAGS, "");
_Static_assert(sizeof(struct kresume_handoff) == HANDOFF_SIZE, "");

#endif
#endif
