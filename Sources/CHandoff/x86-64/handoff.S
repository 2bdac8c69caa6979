/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The restore hand-off. Entered at its first byte by the kernel's relocate_kernel
 * (arch/x86/kernel/relocate_kernel_64.S, Linux 6.12 and 7.3; kexec without KEXEC_PRESERVE_CONTEXT) with
 *   64-bit mode, identity-mapped, interrupts off, one CPU, CR4 = PAE and LA57 as it was,
 *   CR0.WP clear, CS 0x10, data 0x18; GDT and IDT of limit 0, or (7.3) in the kernel's control page.
 *
 * It knows nothing but its parameter block. It must not use the kernel's page tables for long:
 * they may lie on frames that the list overwrites.
 *
 * After a panic it is entered in the same state, through the crash kernel's way out. Then the devices
 * still run: nothing of theirs may reach memory from here on, since the image's kernel puts its own
 * pages back where they write to.
 *
 * Stages on the debug port: '[' entered, 'Q' devices kept from memory, 'L' paging depth changed,
 * ']' all moved, about to jump.
 */
#ifdef __x86_64__
#include "handoff.h"

#define CR0_PG		0x80000000
#define CR0_WP		0x00010000
#define CR0_PE		0x00000001
#define CR4_LA57	0x00001000

#define MSR_APIC_BASE	0x1b
#define APIC_BASE_BSP	0x100

/* Configuration mechanism #1, PCI Local Bus Specification 3.0, 3.2.2.3.2. */
#define PCI_ADDRESS	0xcf8
#define PCI_DATA	0xcfc
#define PCI_ENABLE	0x80000000
#define PCI_NEXT	0x100		/* function, device, bus */
#define PCI_END		0x01000000	/* set behind the last bus */
#define PCI_COMMAND	4
#define PCI_BUS_MASTER	4

	.macro	stage letter
	movl	parameters+HANDOFF_DEBUG_PORT(%rip), %edx
	testl	%edx, %edx
	jz	9f
	movb	$\letter, %al
	outb	%al, %dx
9:
	.endm

	.section .rodata
	.globl	kresume_handoff_start, kresume_handoff_end, kresume_handoff_parameters
	.balign	16
	.code64
kresume_handoff_start:
	cli
	cld
	leaq	stack_top(%rip), %rsp
	leaq	parameters(%rip), %rbx
	/* Any fault resets the machine. The handlers of 7.3 would halt it for ever. */
	lidt	no_idt(%rip)
	stage	'['

	/* Our own page tables, in the depth that the CPU is in now. */
	movq	%cr4, %rcx
	movq	HANDOFF_TOP_TABLE_4(%rbx), %rax
	testl	$CR4_LA57, %ecx
	jz	1f
	movq	HANDOFF_TOP_TABLE_5(%rbx), %rax
1:	movq	%rax, %cr3

	xorl	HANDOFF_CR4_LA57(%rbx), %ecx
	testl	$CR4_LA57, %ecx
	jnz	change_depth

in_depth:
	/* An image kernel may set CR4.CET, which demands WP. */
	movq	%cr0, %rax
	orl	$CR0_WP, %eax
	movq	%rax, %cr0

	testl	$HANDOFF_AFTER_PANIC, HANDOFF_FLAGS(%rbx)
	jz	quiet

	/*
	 * The image's kernel takes the CPU that it wakes up on for the first one, and would start
	 * this one over when it starts the others. Better the machine is reset.
	 */
	movl	$MSR_APIC_BASE, %ecx
	rdmsr
	testl	$APIC_BASE_BSP, %eax
	jnz	1f
	ud2

	/* No function of any bus may write to memory, or send an interrupt as a message. */
1:	movl	$PCI_ENABLE, %esi
2:	movl	%esi, %eax
	movw	$PCI_ADDRESS, %dx
	outl	%eax, %dx
	movw	$PCI_DATA, %dx
	inl	%dx, %eax
	cmpw	$0xffff, %ax			/* the vendor of nothing */
	je	3f
	leal	PCI_COMMAND(%rsi), %eax
	movw	$PCI_ADDRESS, %dx
	outl	%eax, %dx
	movw	$PCI_DATA, %dx
	inw	%dx, %ax
	andw	$~PCI_BUS_MASTER, %ax
	outw	%ax, %dx
	inw	%dx, %ax			/* behind what was on its way */
3:	addl	$PCI_NEXT, %esi
	testl	$PCI_END, %esi
	jz	2b
	stage	'Q'

quiet:
	movq	HANDOFF_LIST(%rbx), %r10
next_page:
	testq	%r10, %r10
	jz	moved
	movl	LIST_COUNT(%r10), %r11d
	leaq	LIST_MOVES(%r10), %r12
next_move:
	testl	%r11d, %r11d
	jz	page_done
	movq	MOVE_SOURCE(%r12), %rsi
	movq	MOVE_DESTINATION(%r12), %rdi
	movq	MOVE_PAGES(%r12), %rcx
	shlq	$9, %rcx			/* pages to 8-byte words */
	cmpq	$4096, %rsi			/* below: not an address but a byte */
	jb	1f
	rep movsq
	jmp	2f
1:	movabsq	$0x0101010101010101, %rax
	imulq	%rsi, %rax
	rep stosq
2:	addq	$MOVE_SIZE, %r12
	decl	%r11d
	jmp	next_move

	/* The image's kernel may want this page filled as well. */
page_done:
	movq	LIST_NEXT(%r10), %r12
	movl	LIST_FILL(%r10), %esi
	movabsq	$0x0101010101010101, %rax
	imulq	%rsi, %rax
	movq	%r10, %rdi
	movl	$512, %ecx
	rep stosq
	movq	%r12, %r10
	jmp	next_page

moved:
	stage	']'
	movq	%cr3, %rax			/* code was written: serialise */
	movq	%rax, %cr3
	movq	HANDOFF_R8(%rbx), %r8
	movq	HANDOFF_R9(%rbx), %r9
	/* A kernel that kexec-jumped reads its peer's re-entry point from 0(%rsp). */
	pushq	$0
	jmpq	*HANDOFF_ENTRY(%rbx)

	/*
	 * CR4.LA57 can change only with paging off, and paging off means leaving long mode.
	 * This page and both top tables lie below 4 GiB (the planner sees to it).
	 */
change_depth:
	stage	'L'
	leaq	gdt(%rip), %rax
	movq	%rax, gdt_pointer+2(%rip)
	leaq	without_paging(%rip), %rax
	movl	%eax, far_32(%rip)
	leaq	with_paging(%rip), %rax
	movl	%eax, far_64(%rip)
	movq	HANDOFF_TOP_TABLE_4(%rbx), %rsi
	testl	$CR4_LA57, HANDOFF_CR4_LA57(%rbx)
	jz	1f
	movq	HANDOFF_TOP_TABLE_5(%rbx), %rsi
1:	lgdt	gdt_pointer(%rip)
	ljmpl	*far_32(%rip)

	.code32
without_paging:
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%cr0, %eax
	andl	$~CR0_PG, %eax
	movl	%eax, %cr0			/* EFER.LMA goes, EFER.LME stays */
	movl	%cr4, %eax
	xorl	$CR4_LA57, %eax
	movl	%eax, %cr4
	movl	%esi, %cr3
	movl	%cr0, %eax
	orl	$(CR0_PG | CR0_PE), %eax
	movl	%eax, %cr0
	ljmpl	*(far_64 - parameters)(%ebx)

	.code64
with_paging:
	movl	%ebx, %ebx			/* upper halves are undefined by now */
	leaq	stack_top(%rip), %rsp
	jmp	in_depth

	.balign	16
gdt:	.quad	0
	.quad	0x00cf9b000000ffff		/* 0x08: 32-bit code */
	.quad	0x00af9b000000ffff		/* 0x10: 64-bit code */
	.quad	0x00cf93000000ffff		/* 0x18: data */
gdt_pointer:
	.word	. - gdt - 1
	.quad	0
no_idt:	.word	0
	.quad	0
	.balign	8
far_32:	.long	0
	.word	0x08
	.balign	8
kresume_handoff_parameters:
parameters:
	.fill	HANDOFF_SIZE, 1, 0
	.balign	8
far_64:	.long	0
	.word	0x10
	.balign	16
	.fill	64, 1, 0
stack_top:
	.quad	0
	.org	kresume_handoff_start + 4096	/* an error where the code is larger */
kresume_handoff_end:

	.section .note.GNU-stack, "", @progbits

#endif
