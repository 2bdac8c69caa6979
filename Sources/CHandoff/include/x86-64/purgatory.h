/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The purgatory: the code that runs between A and the saver kernel.
 *
 * It begins with its parameters; the code is entered KRESUME_PURGATORY_ENTRY
 * bytes after them. It may lie anywhere in memory that is identity-mapped,
 * writable and executable.
 */
#ifndef KRESUME_PURGATORY_H
#define KRESUME_PURGATORY_H

/* Offsets in struct kresume_purgatory_parameters. */
#define KRESUME_PURGATORY_BOOT_PARAMS		0
#define KRESUME_PURGATORY_KERNEL_ENTRY		8
#define KRESUME_PURGATORY_JUMP_BACK_DIGITS	16
#define KRESUME_PURGATORY_DEBUG_PORT		24
#define KRESUME_PURGATORY_JUMP_BACK_WORD	32
#define KRESUME_PURGATORY_PARAMETERS_SIZE	40

#define KRESUME_PURGATORY_ENTRY			64

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct kresume_purgatory_parameters {
	uint64_t boot_params;		/* physical address */
	uint64_t kernel_entry;		/* physical address of the 64-bit entry */
	uint64_t jump_back_digits;	/* physical address of 16 characters */
	uint16_t debug_port;		/* gets one byte 'P'; 0: none */
	uint16_t reserved[3];		/* zero */
	uint64_t jump_back_word;	/* physical address of the same as 8 bytes; 0: none */
};

_Static_assert(offsetof(struct kresume_purgatory_parameters, boot_params) ==
	       KRESUME_PURGATORY_BOOT_PARAMS, "boot_params");
_Static_assert(offsetof(struct kresume_purgatory_parameters, kernel_entry) ==
	       KRESUME_PURGATORY_KERNEL_ENTRY, "kernel_entry");
_Static_assert(offsetof(struct kresume_purgatory_parameters, jump_back_digits) ==
	       KRESUME_PURGATORY_JUMP_BACK_DIGITS, "jump_back_digits");
_Static_assert(offsetof(struct kresume_purgatory_parameters, debug_port) ==
	       KRESUME_PURGATORY_DEBUG_PORT, "debug_port");
_Static_assert(offsetof(struct kresume_purgatory_parameters, jump_back_word) ==
	       KRESUME_PURGATORY_JUMP_BACK_WORD, "jump_back_word");
_Static_assert(sizeof(struct kresume_purgatory_parameters) ==
	       KRESUME_PURGATORY_PARAMETERS_SIZE, "size");

extern const unsigned char kresume_purgatory_start[];
extern const unsigned char kresume_purgatory_end[];

/* Swift does not import arrays of unknown length: the same as functions. */
static inline const unsigned char *kresume_purgatory_bytes(void)
{
	return kresume_purgatory_start;
}

static inline size_t kresume_purgatory_size(void)
{
	return (size_t)(kresume_purgatory_end - kresume_purgatory_start);
}

#endif /* __ASSEMBLER__ */
#endif /* KRESUME_PURGATORY_H */
