// SPDX-License-Identifier: GPL-2.0-or-later
//
// kexec-firmware KERNEL INITRAMFS COMMAND_LINE TABLES STORAGE: starts another kernel as a firmware
// would that has put ACPI's tables at the physical address TABLES (hexadecimal), 4 MiB of "ACPI data",
// and keeps 64 KiB of "ACPI NVS" at STORAGE. The tables are copies of this kernel's that refer to each
// other; the FACS stays where it is, in memory that QEMU's firmware reserves.

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    TABLES_SIZE = 4 << 20,
    STORAGE_SIZE = 64 << 10,
    // Documentation/arch/x86/boot.rst and zero-page.rst, Linux 6.12.
    KERNEL_ADDRESS = 16 << 20,
    PARAMETERS_ADDRESS = 96 << 20,
    INITRAMFS_ADDRESS = 128 << 20,
    ENTRY_OFFSET = 0x200,
    E820_RAM = 1,
    E820_ACPI = 3,
    E820_NVS = 4,
};

struct __attribute__((packed)) e820 {
    uint64_t start, size;
    uint32_t type;
};

struct file {
    unsigned char *bytes;
    size_t size;
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static struct file read_file(const char *path)
{
    struct file file = {0};
    FILE *stream = fopen(path, "r");
    if (!stream)
        die(path);
    // Files of /sys do not say how large they are.
    size_t room = 1 << 20, got;
    if (!(file.bytes = malloc(room)))
        die("malloc");
    while ((got = fread(file.bytes + file.size, 1, room - file.size, stream)) > 0) {
        file.size += got;
        if (file.size == room && !(file.bytes = realloc(file.bytes, room *= 2)))
            die("realloc");
    }
    fclose(stream);
    return file;
}

static void put32(unsigned char *at, uint32_t value) { memcpy(at, &value, 4); }
static void put64(unsigned char *at, uint64_t value) { memcpy(at, &value, 8); }

static uint32_t get32(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, 4);
    return value;
}

static void set_checksum(unsigned char *bytes, size_t size, size_t place)
{
    unsigned char sum = 0;
    bytes[place] = 0;
    for (size_t i = 0; i < size; i++)
        sum += bytes[i];
    bytes[place] = -sum;
}

// ACPI 6.5, 5.2: an RSDP at the beginning, the XSDT behind it, then all other tables.
static size_t build_tables(unsigned char *blob, uint64_t address)
{
    static const char directory[] = "/sys/firmware/acpi/tables";
    unsigned char *xsdt = blob + 64;
    size_t entries = 0, end = PAGE;
    unsigned char *fadt = NULL;
    uint64_t dsdt = 0;
    DIR *list = opendir(directory);
    if (!list)
        die(directory);
    for (struct dirent *entry; (entry = readdir(list));) {
        char path[512];
        if (entry->d_name[0] < 'A' || entry->d_name[0] > 'Z' || !strcmp(entry->d_name, "FACS"))
            continue;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        struct file table = read_file(path);
        memcpy(blob + end, table.bytes, table.size);
        if (!strcmp(entry->d_name, "DSDT")) {
            dsdt = address + end;
        } else {
            put64(xsdt + 36 + 8 * entries++, address + end);
            if (!strcmp(entry->d_name, "FACP"))
                fadt = blob + end;
        }
        end += (table.size + 63) & ~63UL;
        free(table.bytes);
    }
    closedir(list);
    if (!fadt || !dsdt) {
        fputs("no FADT or no DSDT\n", stderr);
        exit(1);
    }
    uint32_t length = get32(fadt + 4);
    put32(fadt + 40, dsdt);
    if (length >= 148)
        put64(fadt + 140, dsdt);
    set_checksum(fadt, length, 9);

    length = 36 + 8 * entries;
    memcpy(xsdt, "XSDT", 4);
    put32(xsdt + 4, length);
    xsdt[8] = 1;
    memcpy(xsdt + 10, "KRTESTKRTESTED", 14);
    set_checksum(xsdt, length, 9);

    memcpy(blob, "RSD PTR ", 8);
    memcpy(blob + 9, "KRTEST", 6);
    blob[15] = 2;
    put32(blob + 20, 36);
    put64(blob + 24, address + 64);
    set_checksum(blob, 20, 8);
    set_checksum(blob, 36, 32);
    return end;
}

static uint64_t read_number(unsigned int entry, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "/sys/firmware/memmap/%u/%s", entry, name);
    struct file file = read_file(path);
    uint64_t number = strtoull((char *)file.bytes, NULL, 16);
    free(file.bytes);
    return number;
}

// The firmware's map, with what an earlier run of this program has put into it taken out again.
static unsigned int read_map(struct e820 *map)
{
    unsigned int count = 0;
    for (unsigned int entry = 0;; entry++) {
        char path[128];
        snprintf(path, sizeof path, "/sys/firmware/memmap/%u/type", entry);
        if (access(path, F_OK) != 0)
            return count;
        struct file type = read_file(path);
        uint64_t start = read_number(entry, "start"), end = read_number(entry, "end") + 1;
        int is_ram = !strncmp((char *)type.bytes, "System RAM", 10) ||
                     !strncmp((char *)type.bytes, "ACPI ", 5);
        free(type.bytes);
        struct e820 *last = count ? &map[count - 1] : NULL;
        if (last && is_ram && last->type == E820_RAM && last->start + last->size == start)
            last->size += end - start;
        else
            map[count++] = (struct e820){start, end - start, is_ram ? E820_RAM : 2};
    }
}

static unsigned int carve(struct e820 *map, unsigned int count, uint64_t start, uint64_t size, int type)
{
    for (unsigned int i = 0; i < count; i++) {
        uint64_t end = map[i].start + map[i].size;
        if (map[i].type != E820_RAM || map[i].start >= start || end <= start + size)
            continue;
        memmove(map + i + 3, map + i + 1, (count - i - 1) * sizeof *map);
        map[i].size = start - map[i].start;
        map[i + 1] = (struct e820){start, size, type};
        map[i + 2] = (struct e820){start + size, end - start - size, E820_RAM};
        return count + 2;
    }
    fputs("there is no RAM for the tables\n", stderr);
    exit(1);
}

static struct kexec_segment segment(const void *bytes, size_t size, uint64_t address, size_t room)
{
    room = (room + PAGE - 1) & ~(PAGE - 1UL);
    return (struct kexec_segment){bytes, size, (void *)address, room};
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fputs("usage: kexec-firmware KERNEL INITRAMFS COMMAND_LINE TABLES STORAGE\n", stderr);
        return 2;
    }
    struct file kernel = read_file(argv[1]);
    struct file initramfs = read_file(argv[2]);
    struct file old = read_file("/sys/kernel/boot_params/data");
    uint64_t tables = strtoull(argv[4], NULL, 16), storage = strtoull(argv[5], NULL, 16);

    unsigned char *blob = calloc(1, TABLES_SIZE);
    // boot_params, command line, and a few instructions.
    unsigned char *parameters = calloc(3, PAGE);
    if (!blob || !parameters || old.size != PAGE || strlen(argv[3]) >= PAGE)
        die("parameters");
    size_t blob_size = build_tables(blob, tables);

    memcpy(parameters, old.bytes, 0x40);
    put64(parameters + 0x70, tables);
    memcpy(parameters + 0x1f1, kernel.bytes + 0x1f1, 0x202 + kernel.bytes[0x201] - 0x1f1);
    parameters[0x210] = 0xff;
    put32(parameters + 0x218, INITRAMFS_ADDRESS);
    put32(parameters + 0x21c, initramfs.size);
    put32(parameters + 0x228, PARAMETERS_ADDRESS + PAGE);
    struct e820 map[128];
    unsigned int count = read_map(map);
    count = carve(map, count, tables, TABLES_SIZE, E820_ACPI);
    count = carve(map, count, storage, STORAGE_SIZE, E820_NVS);
    parameters[0x1e8] = count;
    memcpy(parameters + 0x2d0, map, count * sizeof *map);
    strcpy((char *)parameters + PAGE, argv[3]);
    // mov $PARAMETERS_ADDRESS, %esi; mov $entry, %eax; jmp *%rax
    unsigned char *code = parameters + 2 * PAGE;
    code[0] = 0xbe;
    put32(code + 1, PARAMETERS_ADDRESS);
    code[5] = 0xb8;
    put32(code + 6, KERNEL_ADDRESS + ENTRY_OFFSET);
    code[10] = 0xff;
    code[11] = 0xe0;

    size_t setup = (kernel.bytes[0x1f1] + 1) * 512;
    struct kexec_segment segments[] = {
        segment(kernel.bytes + setup, kernel.size - setup, KERNEL_ADDRESS,
                get32(kernel.bytes + 0x260)),
        segment(parameters, 3 * PAGE, PARAMETERS_ADDRESS, 3 * PAGE),
        segment(initramfs.bytes, initramfs.size, INITRAMFS_ADDRESS, initramfs.size),
        segment(blob, blob_size, tables, TABLES_SIZE),
    };
    if (syscall(SYS_kexec_load, PARAMETERS_ADDRESS + 2UL * PAGE, 4UL, segments, 0UL) != 0)
        die("kexec_load");
    sync();
    reboot(LINUX_REBOOT_CMD_KEXEC);
    die("reboot");
}
