// SPDX-License-Identifier: GPL-2.0-or-later
//
// pattern write FILE MIB SEED         fills a file with noise that does not compress
// pattern check FILE MIB SEED         compares each page; prints those that differ, status 1 then
// pattern write-pieces DIR COUNT KIB  writes so many files that compress well, named 0, 1, ...
// pattern check-pieces DIR COUNT KIB  compares those with an even number, which must be there
// pattern count FILE                  appends 1, 2, ... to it, a line each, until it is killed
// pattern touch MIB                   takes so much memory and writes to each page; for who frees it
// pattern hold KIND MIB FILE          takes so much memory: KIND huge, of huge pages; same, of pages that the
//                                     kernel may merge; the file is there then. At SIGUSR1 it compares each
//                                     page, and writes to the file how many differ
//
// An emulated processor takes seconds for a hash of what this compares in a fraction of one, and a third
// of a real one for a shell that counts.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, WORDS = PAGE / 8, AT_ONCE = 64 };

static uint64_t wanted[AT_ONCE * WORDS], found[AT_ONCE * WORDS];

// Of SplitMix64, begun anew for each page.
static void fill_with_noise(uint64_t *page, uint64_t seed, uint64_t number)
{
    uint64_t state = (seed << 40) + number * WORDS * 0x9e3779b97f4a7c15;
    for (int i = 0; i < WORDS; i++) {
        uint64_t z = state += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        page[i] = z ^ z >> 31;
    }
}

// No page is another's.
static void fill_plainly(uint64_t *page, uint64_t file, uint64_t number)
{
    for (int i = 0; i < WORDS; i++)
        page[i] = file << 32 | number << 8 | (i & 7);
}

static void fail(const char *path)
{
    perror(path);
    exit(2);
}

// Whole, or not at all.
static void transfer(int file, void *bytes, size_t size, int writes, const char *path)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = writes ? write(file, (char *)bytes + done, size - done)
                               : read(file, (char *)bytes + done, size - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count == 0)
            errno = ENODATA;
        if (count <= 0)
            fail(path);
        done += count;
    }
}

// Returns how many pages differ.
static long each_page(const char *path, long pages, int writes,
                      void (*fill)(uint64_t *, uint64_t, uint64_t), uint64_t seed)
{
    int file = open(path, writes ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY, 0600);
    if (file < 0)
        fail(path);
    long wrong = 0;
    for (long first = 0; first < pages; first += AT_ONCE) {
        int count = pages - first < AT_ONCE ? pages - first : AT_ONCE;
        for (int i = 0; i < count; i++)
            fill(wanted + i * WORDS, seed, first + i);
        if (writes) {
            transfer(file, wanted, (size_t)count * PAGE, 1, path);
            continue;
        }
        transfer(file, found, (size_t)count * PAGE, 0, path);
        for (int i = 0; i < count; i++)
            if (memcmp(found + i * WORDS, wanted + i * WORDS, PAGE) != 0 && ++wrong <= 10)
                printf("%s: page %ld is not as it was written\n", path, first + i);
    }
    if (!writes && read(file, found, 1) != 0) {
        printf("%s: it has grown\n", path);
        wrong++;
    }
    close(file);
    return wrong;
}

static long each_piece(const char *directory, long count, long kibibytes, int writes)
{
    char path[256];
    long wrong = 0;
    for (long i = 0; i < count; i += writes ? 1 : 2) {
        snprintf(path, sizeof path, "%s/%ld", directory, i);
        wrong += each_page(path, kibibytes / 4, writes, fill_plainly, i);
    }
    return wrong;
}

static int touch(long mebibytes)
{
    size_t size = (size_t)mebibytes << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        fail("mmap");
    for (size_t i = 0; i < size; i += PAGE)
        memory[i] = 1;
    return 0;
}

// Huge pages, or pages of which the kernel may make one.
static int hold(int huge, long mebibytes, const char *path)
{
    size_t size = (size_t)mebibytes << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | (huge ? MAP_HUGETLB : 0), -1, 0);
    if (memory == MAP_FAILED)
        fail("mmap");
    if (!huge && madvise(memory, size, MADV_MERGEABLE) != 0)
        fail("madvise");
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    for (size_t i = 0; i < size; i += PAGE)
        fill_with_noise((uint64_t *)(memory + i), 1, huge ? i : 0);
    FILE *file = fopen(path, "w");
    if (!file)
        fail(path);
    int number;
    sigwait(&signals, &number);
    long wrong = 0;
    for (size_t i = 0; i < size; i += PAGE) {
        fill_with_noise(wanted, 1, huge ? i : 0);
        wrong += memcmp(memory + i, wanted, PAGE) != 0;
    }
    fprintf(file, "%ld\n", wrong);
    return fclose(file) != 0;
}

// The count is in memory only; what is written is a trace of it: lines of 8 bytes, so that none lies in
// two pages, of which one who reads meanwhile may see the first alone.
static _Noreturn void count(const char *path)
{
    for (long n = 1;; n++) {
        FILE *file = fopen(path, "a");
        if (!file || fprintf(file, "%7ld\n", n) < 0 || fclose(file) != 0)
            fail(path);
        usleep(10000);
    }
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    long wrong;
    if (argc == 3 && strcmp(what, "touch") == 0)
        return touch(atol(argv[2]));
    if (argc == 3 && strcmp(what, "count") == 0)
        count(argv[2]);
    if (argc != 5) {
        fputs("usage: pattern write|check|write-pieces|check-pieces|count|touch|hold ...\n", stderr);
        return 2;
    }
    if (strcmp(what, "hold") == 0)
        return hold(strcmp(argv[2], "huge") == 0, atol(argv[3]), argv[4]);
    if (strcmp(what, "write") == 0 || strcmp(what, "check") == 0)
        wrong = each_page(argv[2], atol(argv[3]) << 8, what[0] == 'w', fill_with_noise,
                          strtoull(argv[4], NULL, 10));
    else
        wrong = each_piece(argv[2], atol(argv[3]), atol(argv[4]), what[0] == 'w');
    return wrong != 0;
}
