#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dracut without systemd: tries once, when an image appears or the pre-mount hooks run.
# Why an image could not be used is on the console and in the kernel's log; the boot goes on.

# shellcheck source=/dev/null
. /lib/dracut-lib.sh

getarg kresume.save= >/dev/null && exit 0
[ ! -e /run/kresume.tried ] || exit 0
: >/run/kresume.tried

# getarg also finds what the initramfs was made with, in /etc/cmdline.d.
resume=$(getarg resume=)
/usr/sbin/kresume resume --unattended ${resume:+--default="${resume}"} || :

# What kresume has refused for good, dracut's rule and its script must not have the kernel resume.
if [ -e /run/kresume/no-other-resume ]; then
    : >/.resume
    rm -f /etc/udev/rules.d/99-resume.rules
    udevadm control --reload
    # The closing of the device was an event, which may be at work by the rules of before.
    udevadm settle --timeout=30
    # shellcheck disable=SC2154 # dracut exports it
    rm -f "${hookdir}/initqueue/finished/00resume.sh"
fi
