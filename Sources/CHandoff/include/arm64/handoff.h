/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the restore hand-off is told on arm64. */
#ifndef KRESUME_ARM64_HANDOFF_H
#define KRESUME_ARM64_HANDOFF_H

/* Offsets in struct kresume_handoff, for the assembly. */
#define HANDOFF_TOP_TABLE	0
#define HANDOFF_LIST		8
#define HANDOFF_ENTRY		16
#define HANDOFF_TABLES		24
#define HANDOFF_T1SZ		32
#define HANDOFF_AFFINITY	40
#define HANDOFF_SIZE		48

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/* All addresses are physical unless said otherwise. */
struct kresume_handoff {
	uint64_t top_table;	/* of the identity map, 4 levels, for TTBR0_EL1 */
	uint64_t list;		/* first struct kresume_handoff_list; 0: none */
	uint64_t entry;		/* where to jump; virtual, under the image's tables */
	uint64_t tables;	/* the image's own, for TTBR1_EL1 */
	uint64_t t1sz;		/* TCR_EL1.T1SZ for these */
	uint64_t affinity;	/* the affinity fields of MPIDR_EL1 of the processor that must run this */
};

_Static_assert(offsetof(struct kresume_handoff, top_table) == HANDOFF_TOP_TABLE, "");
_Static_assert(offsetof(struct kresume_handoff, list) == HANDOFF_LIST, "");
_Static_assert(offsetof(struct kresume_handoff, entry) == HANDOFF_ENTRY, "");
_Static_assert(offsetof(struct kresume_handoff, tables) == HANDOFF_TABLES, "");
_Static_assert(offsetof(struct kresume_handoff, t1sz) == HANDOFF_T1SZ, "");
_Static_assert(offsetof(struct kresume_handoff, affinity) == HANDOFF_AFFINITY, "");
_Static_assert(sizeof(struct kresume_handoff) == HANDOFF_SIZE, "");

#endif
#endif
