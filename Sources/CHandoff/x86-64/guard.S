/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs as the saver kernel's first process, with nothing mounted and no library. Whatever fails
 * here, it goes on: the image may still be saved.
 *
 * A panic leads back only from the CPU that A has jumped from, so what is started from here stays on
 * it; `kresume save` takes the others for its own threads.
 */
#ifdef __x86_64__
#include "x86-64/guard.h"

#define VIRTUAL		0x400000

#define SYS_execve		59
#define SYS_exit		60
#define SYS_sched_setaffinity	203
#define SYS_kexec_load		246

/* include/uapi/linux/kexec.h: KEXEC_ON_CRASH | KEXEC_ARCH_X86_64 */
#define FLAGS		(1 | 62 << 16)

	.section .rodata.kresume_guard, "a", @progbits
	.code64
	.balign	16
	.globl	kresume_guard_start
kresume_guard_start:
	/* Elf64_Ehdr */
	.byte	0x7f
	.ascii	"ELF"
	.byte	2, 1, 1, 0			/* 64 bits, little endian, version, System V */
	.quad	0
	.word	2, 62				/* ET_EXEC, EM_X86_64 */
	.long	1
	.quad	VIRTUAL + (.Lentry - kresume_guard_start)
	.quad	64				/* program headers */
	.quad	0
	.long	0
	.word	64, 56, 1, 0, 0, 0
	/* Elf64_Phdr: all of the file, to be read and run */
	.long	1, 5
	.quad	0
	.quad	VIRTUAL
	.quad	VIRTUAL
	.org	kresume_guard_start + KRESUME_GUARD_FILE_SIZE
	.quad	0
	.org	kresume_guard_start + KRESUME_GUARD_MEMORY_SIZE
	.quad	0
	.quad	4096

	.org	kresume_guard_start + KRESUME_GUARD_ENTRY
.Lcrash_entry:
	.quad	0
	/* struct kexec_segment */
.Lsegment:
	.quad	VIRTUAL + KRESUME_GUARD_PAYLOAD
	.org	kresume_guard_start + KRESUME_GUARD_PAYLOAD_SIZE
	.quad	0
	.org	kresume_guard_start + KRESUME_GUARD_PAYLOAD_MEMORY
	.quad	0
	.org	kresume_guard_start + KRESUME_GUARD_PAYLOAD_EXTENT
	.quad	0
.Lfirst_cpu:
	.quad	1

	.org	kresume_guard_start + KRESUME_GUARD_INIT
.Linit:
	.fill	KRESUME_GUARD_INIT_SIZE, 1, 0

.Lentry:
	movl	$SYS_sched_setaffinity, %eax
	xorl	%edi, %edi
	movl	$8, %esi
	leaq	.Lfirst_cpu(%rip), %rdx
	syscall

	movl	$SYS_kexec_load, %eax
	movq	.Lcrash_entry(%rip), %rdi
	movl	$1, %esi
	leaq	.Lsegment(%rip), %rdx
	movl	$FLAGS, %r10d
	syscall

	/* With the arguments and the environment that the kernel gave, but for our name. */
	leaq	.Linit(%rip), %rdi
	movq	%rdi, 8(%rsp)
	leaq	8(%rsp), %rsi
	movq	(%rsp), %rcx
	leaq	16(%rsp, %rcx, 8), %rdx
	movl	$SYS_execve, %eax
	syscall

	/* There is no such init: the kernel panics, and that leads back. */
	movl	$SYS_exit, %eax
	movl	$1, %edi
	syscall

	.org	kresume_guard_start + KRESUME_GUARD_PAYLOAD
	.globl	kresume_guard_end
kresume_guard_end:

	.section .note.GNU-stack,"",@progbits

#endif
