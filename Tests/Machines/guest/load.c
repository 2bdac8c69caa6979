// SPDX-License-Identifier: GPL-2.0-or-later
//
// Load for a guest to be hibernated under, all of whose data is looked at again.
//   load keep NAME MIB   fills so much memory with a pattern; then, for each line written to
//                        /run/load/NAME, compares every page, changes some, and writes a line to
//                        /run/load/NAME.answer. Returns when the memory is full
//   load churn DIRECTORY forks, maps memory, writes files and sends by loopback, without an end;
//                        /run/load/complaints has what was wrong
//   load turns           how often each of the four was done

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, WORDS = PAGE / 8, KINDS = 4 };

static uint64_t mix(uint64_t state)
{
    state += 0x9e3779b97f4a7c15;
    state = (state ^ state >> 30) * 0xbf58476d1ce4e5b9;
    state = (state ^ state >> 27) * 0x94d049bb133111eb;
    return state ^ state >> 31;
}

static void complain(const char *what)
{
    int file = open("/run/load/complaints", O_WRONLY | O_CREAT | O_APPEND, 0600);
    dprintf(file, "%s\n", what);
    close(file);
}

static void require(int holds, const char *what)
{
    if (!holds) {
        complain(what);
        exit(1);
    }
}

static uint64_t noise[2 * WORDS];

// A pattern: zeroes, one byte, what packs well, or noise.
static void fill(uint64_t *page, uint64_t seed)
{
    const uint64_t *from = noise + (seed >> 8) % WORDS;
    switch (seed % 8) {
    case 0:
        memset(page, 0, PAGE);
        break;
    case 1:
        memset(page, 0xaa, PAGE);
        break;
    case 2: case 3: case 4:
        for (int i = 0; i < WORDS; i++)
            page[i] = seed + i / 8;
        break;
    default:
        for (int i = 0; i < WORDS; i++)
            page[i] = from[i] ^ seed;
    }
}

static int holds(const uint64_t *page, uint64_t seed)
{
    static uint64_t expected[WORDS];
    fill(expected, seed);
    return memcmp(page, expected, PAGE) == 0;
}

static void *memory(size_t size)
{
    void *result = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(result != MAP_FAILED, "mmap");
    return result;
}

static int keep(const char *name, size_t pages)
{
    char ask[64], answer[72];
    snprintf(ask, sizeof ask, "/run/load/%s", name);
    snprintf(answer, sizeof answer, "%s.answer", ask);
    mkfifo(ask, 0600);
    mkfifo(answer, 0600);
    uint64_t *region = memory(pages * PAGE);
    uint8_t *turns = memory(pages);
    for (size_t i = 0; i < pages; i++)
        fill(region + i * WORDS, mix(i * 256));
    if (fork() != 0)
        _exit(0); // Without its memory in two processes.

    for (size_t turn = 1;; turn++) {
        char line[64];
        int file = open(ask, O_RDONLY);
        while (read(file, line, sizeof line) > 0)
            ;
        close(file);
        size_t wrong = 0, first = 0;
        for (size_t i = 0; i < pages; i++) {
            if (!holds(region + i * WORDS, mix(i * 256 + turns[i])) && wrong++ == 0)
                first = i;
            if (i % 5 == turn % 5)
                fill(region + i * WORDS, mix(i * 256 + ++turns[i]));
        }
        file = open(answer, O_WRONLY);
        if (wrong == 0)
            dprintf(file, "%zu\n", pages);
        else
            dprintf(file, "%zu of %zu pages are wrong, the first of them page %zu at %p\n", wrong,
                    pages, first, (void *)(region + first * WORDS));
        close(file);
    }
}

static void fork_once(uint64_t seed)
{
    pid_t child = fork();
    require(child >= 0, "fork");
    if (child == 0) {
        uint64_t *pages = memory(64 * PAGE);
        for (int i = 0; i < 64; i++)
            fill(pages + i * WORDS, mix(seed + i));
        for (int i = 0; i < 64; i++)
            require(holds(pages + i * WORDS, mix(seed + i)), "a child's memory is wrong");
        _exit(0);
    }
    int status;
    require(waitpid(child, &status, 0) == child && status == 0, "a child failed");
}

static void map_once(uint64_t seed)
{
    size_t count = 1 + mix(seed) % 256;
    uint64_t *pages = memory(count * PAGE);
    for (size_t i = 0; i < count; i++)
        fill(pages + i * WORDS, mix(seed + i));
    pages = mremap(pages, count * PAGE, 2 * count * PAGE, MREMAP_MAYMOVE);
    require(pages != MAP_FAILED, "mremap");
    for (size_t i = 0; i < count; i++)
        require(holds(pages + i * WORDS, mix(seed + i)), "mapped memory is wrong");
    munmap(pages, 2 * count * PAGE);
}

static void write_once(uint64_t seed)
{
    enum { COUNT = 32 };
    static uint64_t page[WORDS];
    int file = open("file.new", O_RDWR | O_CREAT | O_TRUNC, 0600);
    require(file >= 0, "open");
    for (int i = 0; i < COUNT; i++) {
        fill(page, mix(seed + i));
        require(write(file, page, PAGE) == PAGE, "write");
    }
    require(seed % 8 != 0 || fsync(file) == 0, "fsync");
    if (seed % 3 == 0)
        posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    for (int i = 0; i < COUNT; i++) {
        require(pread(file, page, PAGE, (off_t)i * PAGE) == PAGE, "pread");
        require(holds(page, mix(seed + i)), "a file's contents are wrong");
    }
    close(file);
    require(rename("file.new", "file") == 0, "rename");
}

static int client, server;

static void connect_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    require(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 1) == 0 &&
            getsockname(listener, (struct sockaddr *)&address, &size) == 0, "listen");
    client = socket(AF_INET, SOCK_STREAM, 0);
    require(connect(client, (struct sockaddr *)&address, size) == 0, "connect");
    server = accept(listener, NULL, NULL);
    require(server >= 0, "accept");
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        static char buffer[16 << 10];
        ssize_t count;
        while ((count = read(server, buffer, sizeof buffer)) > 0)
            require(write(server, buffer, count) == count, "the echo's write");
        exit(1);
    }
}

static void send_once(uint64_t seed)
{
    static uint64_t sent[WORDS], got[WORDS];
    size_t size = 1 + mix(seed) % PAGE;
    fill(sent, mix(seed));
    require(write(client, sent, size) == (ssize_t)size, "write to loopback");
    for (size_t done = 0; done < size;) {
        ssize_t count = read(client, (char *)got + done, size - done);
        require(count > 0, "read from loopback");
        done += count;
    }
    require(memcmp(sent, got, size) == 0, "what came by loopback is wrong");
}

static uint64_t *counters(void)
{
    int file = open("/run/load/turns", O_RDWR | O_CREAT, 0600);
    require(file >= 0 && ftruncate(file, PAGE) == 0, "turns");
    uint64_t *result = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    require(result != MAP_FAILED, "mmap of the turns");
    return result;
}

static int churn(const char *directory)
{
    void (*const kinds[KINDS])(uint64_t) = {fork_once, map_once, write_once, send_once};
    uint64_t *turns = counters();
    require(chdir(directory) == 0, "chdir");
    for (int kind = 0; kind < KINDS; kind++) {
        if (fork() != 0)
            continue;
        if (kinds[kind] == send_once)
            connect_loopback();
        for (uint64_t seed = kind * 1000000007UL;; seed++) {
            kinds[kind](seed);
            turns[kind]++;
            usleep(10000); // The processors have other work, too.
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    mkdir("/run/load", 0700);
    for (int i = 0; i < 2 * WORDS; i++)
        noise[i] = mix(i);
    if (argc == 4 && strcmp(argv[1], "keep") == 0)
        return keep(argv[2], strtoul(argv[3], NULL, 10) * 256);
    if (argc == 3 && strcmp(argv[1], "churn") == 0)
        return churn(argv[2]);
    if (argc == 2 && strcmp(argv[1], "turns") == 0) {
        uint64_t *turns = counters();
        for (int kind = 0; kind < KINDS; kind++)
            printf("%lu%c", turns[kind], kind == KINDS - 1 ? '\n' : ' ');
        return 0;
    }
    fputs("usage: load keep NAME MIB | churn DIRECTORY | turns\n", stderr);
    return 2;
}
