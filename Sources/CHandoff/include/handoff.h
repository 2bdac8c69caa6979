/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The restore hand-off: the last code of the restore kernel's side. It runs after the kernel is
 * gone, from one page that nothing restored lies on, moves the staged pages home and jumps into
 * the image's kernel. This header is all that Swift and the assembly share: the list of moves, the
 * same on every architecture, and what else an architecture's code is told.
 */
#ifndef KRESUME_HANDOFF_H
#define KRESUME_HANDOFF_H

#if defined(__x86_64__)
#include "x86-64/handoff.h"
#elif defined(__aarch64__)
#include "arm64/handoff.h"
#else
#error "kresume knows x86-64 and arm64"
#endif

/* Offsets in struct kresume_handoff_list, and how many moves fill its page. */
#define LIST_NEXT		0
#define LIST_COUNT		8
#define LIST_FILL		12
#define LIST_MOVES		16
#define LIST_MOVE_LIMIT		170

/* Offsets in struct kresume_handoff_move. */
#define MOVE_SOURCE		0
#define MOVE_DESTINATION	8
#define MOVE_PAGES		16
#define MOVE_SIZE		24

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/* All addresses are physical. */
struct kresume_handoff_move {
	uint64_t source;	/* below 4096: fill with this byte */
	uint64_t destination;
	uint64_t pages;		/* of 4096 bytes */
};

/*
 * A page of the list, anywhere in what the identity map maps. Its moves are carried out in their
 * order, then those of the next page. No move writes to a list page.
 */
struct kresume_handoff_list {
	uint64_t next;		/* 0: this is the last one */
	uint32_t count;		/* of moves */
	uint32_t fill;		/* the byte that fills this page when its moves are done */
	struct kresume_handoff_move moves[LIST_MOVE_LIMIT];
};

_Static_assert(offsetof(struct kresume_handoff_list, next) == LIST_NEXT, "");
_Static_assert(offsetof(struct kresume_handoff_list, count) == LIST_COUNT, "");
_Static_assert(offsetof(struct kresume_handoff_list, fill) == LIST_FILL, "");
_Static_assert(offsetof(struct kresume_handoff_list, moves) == LIST_MOVES, "");
_Static_assert(sizeof(struct kresume_handoff_list) == 4096, "");
_Static_assert(offsetof(struct kresume_handoff_move, source) == MOVE_SOURCE, "");
_Static_assert(offsetof(struct kresume_handoff_move, destination) == MOVE_DESTINATION, "");
_Static_assert(offsetof(struct kresume_handoff_move, pages) == MOVE_PAGES, "");
_Static_assert(sizeof(struct kresume_handoff_move) == MOVE_SIZE, "");

extern const unsigned char kresume_handoff_start[], kresume_handoff_end[];
extern const unsigned char kresume_handoff_parameters[];

/* Swift does not import arrays of unknown length, so it asks these. */
static inline const void *kresume_handoff_code(void) { return kresume_handoff_start; }

/* Bytes of code and parameters together: one page. */
static inline size_t kresume_handoff_size(void)
{
	return (size_t)(kresume_handoff_end - kresume_handoff_start);
}

/* Where in the code its struct kresume_handoff lies. */
static inline size_t kresume_handoff_parameters_offset(void)
{
	return (size_t)(kresume_handoff_parameters - kresume_handoff_start);
}

#endif
#endif
