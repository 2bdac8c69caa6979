// SPDX-License-Identifier: GPL-2.0-or-later
//
// map-device NAME UUID START SIZE KIND PARAMETERS...: makes a device of device-mapper, as dmsetup does, of
// as many targets as are named; START and SIZE are sectors. Prints its path.

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

enum { SIZE = 16384 };

static union {
    struct dm_ioctl request;
    char bytes[SIZE];
} buffer;

static int control;

static void prepare(const char *name)
{
    memset(&buffer, 0, sizeof(buffer));
    buffer.request.version[0] = DM_VERSION_MAJOR;
    buffer.request.data_size = sizeof(buffer);
    buffer.request.data_start = sizeof(buffer.request);
    strncpy(buffer.request.name, name, DM_NAME_LEN - 1);
}

static void call(unsigned long number, const char *what)
{
    if (ioctl(control, number, &buffer) != 0) {
        perror(what);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc < 7 || (argc - 3) % 4 != 0) {
        fprintf(stderr, "map-device NAME UUID START SIZE KIND PARAMETERS...\n");
        return 2;
    }
    control = open("/dev/mapper/control", O_RDWR);
    if (control < 0) {
        perror("/dev/mapper/control");
        return 1;
    }
    prepare(argv[1]);
    strncpy(buffer.request.uuid, argv[2], DM_UUID_LEN - 1);
    call(DM_DEV_CREATE, "DM_DEV_CREATE");

    prepare(argv[1]);
    size_t end = sizeof(buffer.request);
    for (int i = 3; i < argc; i += 4) {
        struct dm_target_spec *target = (struct dm_target_spec *)(buffer.bytes + end);
        size_t size = (sizeof(*target) + strlen(argv[i + 3]) + 1 + 7) / 8 * 8;

        if (end + size > sizeof(buffer))
            return 1;
        target->sector_start = strtoull(argv[i], NULL, 10);
        target->length = strtoull(argv[i + 1], NULL, 10);
        target->next = size;
        strncpy(target->target_type, argv[i + 2], DM_MAX_TYPE_NAME - 1);
        strcpy((char *)(target + 1), argv[i + 3]);
        end += size;
        buffer.request.target_count++;
    }
    call(DM_TABLE_LOAD, "DM_TABLE_LOAD");

    prepare(argv[1]);
    call(DM_DEV_SUSPEND, "DM_DEV_SUSPEND");
    printf("/dev/dm-%u\n", minor(buffer.request.dev));
    return 0;
}
