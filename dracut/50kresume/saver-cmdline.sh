#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dracut without systemd: the saver kernel has no root=, and must not wait for one.

if getarg kresume.save= >/dev/null; then
    # shellcheck disable=SC2034 # dracut reads them
    root=none rootok=1
fi
