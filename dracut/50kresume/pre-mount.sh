#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dracut without systemd: the last moment before anything is mounted.

if getarg kresume.save= >/dev/null; then
    # The saver kernel, which `kresume hibernate` jumped into, must not boot any further.
    /usr/sbin/kresume save
    /usr/sbin/kresume save --back
    while :; do
        emergency_shell "kresume: neither saved nor gone back"
    done
else
    /sbin/kresume-resume
fi
