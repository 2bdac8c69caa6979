/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The restore hand-off. Entered at its first byte by the kernel's arm64_relocate_new_kernel
 * (arch/arm64/kernel/relocate_kernel.S, Linux 6.1 and 6.12; kexec) at EL1 with
 *   the MMU and the data cache off, interrupts masked, one processor; MAIR_EL1 and the rest of TCR_EL1 as
 *   that kernel had them. This page and the identity map were cleaned to memory.
 *
 * It knows nothing but its parameter block. What it does is what the kernel's own swsusp_arch_suspend_exit
 * does (arch/arm64/kernel/hibernate-asm.S), and A goes on in its _cpu_resume (sleep.S), which takes from A's
 * memory all registers but TTBR1_EL1, TCR_EL1.T1SZ and MAIR_EL1. The latter stays as the kernel before us, which is
 * the same one, has set it.
 */
#ifdef __aarch64__
#include "handoff.h"

#define SCTLR_MMU	(1 << 0)
#define SCTLR_DCACHE	(1 << 2)
#define SCTLR_ICACHE	(1 << 12)

/* TCR_EL1. */
#define T0SZ		0
#define T1SZ		16
#define SIZE_BITS	6
#define EPD0		7		/* no walks in TTBR0's half */
#define TG0		14		/* 2 bits: 0 is 4 KiB */
#define EPD1		23
#define TG1		30		/* 2 bits: 2 is 4 KiB */
#define DS		59		/* 52-bit addresses with 4 KiB, which our tables do not have */

#define PSCI_SYSTEM_RESET	0x84000009

	.section .rodata
	.globl	kresume_handoff_start, kresume_handoff_end, kresume_handoff_parameters
	.balign	16
kresume_handoff_start:
	adr	x20, parameters

	/* At EL2 these registers would be another regime's, and A's is not set up. */
	mrs	x0, CurrentEL
	cmp	x0, #(1 << 2)
	b.ne	reset

	/* A's memory says which processor goes on; another one would be started over by A. */
	mrs	x0, mpidr_el1
	ldr	x1, [x20, #HANDOFF_AFFINITY]
	mov	x2, #0xffffff
	movk	x2, #0xff, lsl #32
	and	x0, x0, x2
	cmp	x0, x1
	b.ne	reset

	/*
	 * The identity map: 48 bits from TTBR0, and no walks in A's half, whose tables are not in their place
	 * yet. Without it there are no caches, and what is in them, such as our list, could not be seen.
	 */
	mrs	x0, tcr_el1
	mov	x1, #(64 - 48)
	bfi	x0, x1, #T0SZ, #SIZE_BITS
	bfi	x0, xzr, #EPD0, #1
	bfi	x0, xzr, #TG0, #2
	bfi	x0, xzr, #DS, #1
	orr	x0, x0, #(1 << EPD1)
	msr	tcr_el1, x0
	ldr	x1, [x20, #HANDOFF_TOP_TABLE]
	msr	ttbr0_el1, x1
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	mrs	x0, sctlr_el1
	mov	x1, #(SCTLR_MMU | SCTLR_DCACHE | SCTLR_ICACHE)
	orr	x0, x0, x1
	msr	sctlr_el1, x0
	isb

	/* Bytes in a line of any data cache: 4 << CTR_EL0.DminLine. */
	mrs	x0, ctr_el0
	ubfx	x0, x0, #16, #4
	mov	x19, #4
	lsl	x19, x19, x0
	mov	x18, #0x0101010101010101

	ldr	x9, [x20, #HANDOFF_LIST]
next_page:
	cbz	x9, moved
	ldr	w10, [x9, #LIST_COUNT]
	add	x11, x9, #LIST_MOVES
next_move:
	cbz	w10, page_done
	ldr	x0, [x11, #MOVE_SOURCE]
	ldr	x1, [x11, #MOVE_DESTINATION]
	ldr	x2, [x11, #MOVE_PAGES]
	lsl	x2, x2, #12
	cmp	x0, #4096			/* below: not an address but a byte */
	b.lo	1f
	bl	copy
	b	2f
1:	bl	fill
2:	add	x11, x11, #MOVE_SIZE
	sub	w10, w10, #1
	b	next_move

	/* The image's kernel may want this page filled as well. */
page_done:
	mov	x1, x9
	ldr	w0, [x9, #LIST_FILL]
	ldr	x9, [x9, #LIST_NEXT]
	mov	x2, #4096
	bl	fill
	b	next_page

	/* From x0 to x1, x2 bytes, whole pages. */
copy:	add	x2, x1, x2
	mov	x12, x1
1:	ldp	x3, x4, [x0], #16
	ldp	x5, x6, [x0], #16
	stp	x3, x4, [x1], #16
	stp	x5, x6, [x1], #16
	cmp	x1, x2
	b.lo	1b
	b	clean

	/* With the byte x0 from x1 on, x2 bytes, whole pages. */
fill:	add	x2, x1, x2
	mov	x12, x1
	mul	x3, x0, x18
1:	stp	x3, x3, [x1], #16
	stp	x3, x3, [x1], #16
	cmp	x1, x2
	b.lo	1b

	/*
	 * From x12 to x2, to where instructions are fetched: any page may be code. Civac, as for processors
	 * that need it in place of cvau (ARM64_WORKAROUND_CLEAN_CACHE).
	 */
clean:	dc	civac, x12
	add	x12, x12, x19
	cmp	x12, x2
	b.lo	clean
	ret

moved:
	dsb	ish
	/* A's own tables are in their places. */
	ldr	x0, [x20, #HANDOFF_TABLES]
	msr	ttbr1_el1, x0
	mrs	x0, tcr_el1
	ldr	x1, [x20, #HANDOFF_T1SZ]
	bfi	x0, x1, #T1SZ, #SIZE_BITS
	mov	x1, #2
	bfi	x0, x1, #TG1, #2
	bfi	x0, xzr, #EPD1, #1
	msr	tcr_el1, x0
	isb
	tlbi	vmalle1
	dsb	nsh
	ic	ialluis
	dsb	ish
	isb

	/* _cpu_resume of 6.12 takes x19 for the mode in which the kernel was started: 0 is not EL2. */
	ldr	x16, [x20, #HANDOFF_ENTRY]
	mov	x19, xzr
	mov	x29, xzr
	mov	x30, xzr
	br	x16

	/* Better than a machine that stands still, or is not what it was. */
reset:	mov	x0, #(PSCI_SYSTEM_RESET & 0xffff)
	movk	x0, #(PSCI_SYSTEM_RESET >> 16), lsl #16
	hvc	#0
	smc	#0
1:	wfi
	b	1b

	.balign	8
kresume_handoff_parameters:
parameters:
	.fill	HANDOFF_SIZE, 1, 0
	.org	kresume_handoff_start + 4096	/* an error where the code is larger */
kresume_handoff_end:

	.section .note.GNU-stack, "", @progbits

#endif
