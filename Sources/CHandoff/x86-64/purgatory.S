/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entered by A's relocate_kernel (arch/x86/kernel/relocate_kernel_64.S, Linux
 * 6.12 and 7.3, the preserve_context way): 64-bit mode, identity-mapped by A's kexec
 * page tables, interrupts off, CR0.WP clear, GDT and IDT empty, or (7.3) in A's control
 * page. 0(%rsp) is the address to which whoever brings A back has to jump: the return
 * address of the call, in A's control page. The stack is A's swap page.
 *
 * Leaves as the 64-bit boot protocol wants it (Documentation/arch/x86/boot.rst):
 * a GDT with flat segments 0x10 and 0x18, interrupts off, %rsi = boot_params.
 */
#ifdef __x86_64__
#include "x86-64/purgatory.h"

	.section .rodata.kresume_purgatory, "a", @progbits
	.code64
	.balign	16
	.globl	kresume_purgatory_start
kresume_purgatory_start:
.Lparameters:
	.fill	KRESUME_PURGATORY_PARAMETERS_SIZE, 1, 0
	.fill	KRESUME_PURGATORY_ENTRY - KRESUME_PURGATORY_PARAMETERS_SIZE, 1, 0xcc

	/* The entry. */
	cli
	cld
	/* Until B has one of its own, any fault resets the machine: A's control page is not B's to rely on. */
	lidt	.Lno_idt(%rip)
	movw	.Lparameters + KRESUME_PURGATORY_DEBUG_PORT(%rip), %dx
	testw	%dx, %dx
	jz	.Lwrite_jump_back_entry
	movb	$'P', %al
	outb	%al, %dx

	/* As it is into the guard; as 16 hexadecimal digits, the highest first, into the command line. */
.Lwrite_jump_back_entry:
	movq	(%rsp), %rbx
	leaq	.Lstack_end(%rip), %rsp
	movq	.Lparameters + KRESUME_PURGATORY_JUMP_BACK_WORD(%rip), %rdi
	testq	%rdi, %rdi
	jz	.Lwrite_digits
	movq	%rbx, (%rdi)
.Lwrite_digits:
	movq	.Lparameters + KRESUME_PURGATORY_JUMP_BACK_DIGITS(%rip), %rdi
	leaq	.Lhexadecimal(%rip), %rsi
	movl	$16, %ecx
.Lnext_digit:
	rolq	$4, %rbx
	movl	%ebx, %edx
	andl	$0xf, %edx
	movb	(%rsi, %rdx), %al
	stosb
	decl	%ecx
	jnz	.Lnext_digit

	/* The descriptors' address is known only here. */
	leaq	.Lgdt(%rip), %rax
	movq	%rax, .Lgdt_address(%rip)
	lgdt	.Lgdt_limit(%rip)
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	pushq	$0x10
	leaq	.Lin_new_segment(%rip), %rax
	pushq	%rax
	lretq

.Lin_new_segment:
	movq	.Lparameters + KRESUME_PURGATORY_BOOT_PARAMS(%rip), %rsi
	movq	.Lparameters + KRESUME_PURGATORY_KERNEL_ENTRY(%rip), %rax
	jmpq	*%rax

.Lhexadecimal:
	.ascii	"0123456789abcdef"

	.balign	16
.Lgdt:
	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff	/* 0x10: 64-bit code, 4 GiB, execute and read */
	.quad	0x00cf93000000ffff	/* 0x18: data, 4 GiB, read and write */
.Lgdt_end:
.Lno_idt:
	.word	0
	.quad	0
	.balign	8
	.skip	6			/* keeps .Lgdt_address aligned */
.Lgdt_limit:
	.word	.Lgdt_end - .Lgdt - 1
.Lgdt_address:
	.quad	0

	.balign	16
	.skip	64
.Lstack_end:

	.globl	kresume_purgatory_end
kresume_purgatory_end:

	.section .note.GNU-stack,"",@progbits

#endif
