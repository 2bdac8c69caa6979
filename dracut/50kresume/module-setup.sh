#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dracut: puts kresume into the initramfs. See dracut.modules(7).

# called by dracut
check() {
    require_binaries /usr/sbin/kresume || return 1
}

# called by dracut
depends() {
    echo base
}

# called by dracut
installkernel() {
    # The keys that cancel a hibernation, where they are modules.
    hostonly='' instmods evdev button
}

# called by dracut
install() {
    inst_simple /usr/sbin/kresume
    inst_multiple -o /etc/kresume.conf

    if dracut_module_included systemd; then
        # shellcheck disable=SC2154 # set by dracut
        local unit units=${systemdsystemunitdir}
        for unit in kresume-resume.service kresume-save.service; do
            inst_simple "${units}/${unit}"
            # shellcheck disable=SC2154
            ln_r "${units}/${unit}" "${units}/sysinit.target.wants/${unit}"
        done
        inst_simple "${units}/systemd-hibernate-resume@.service.d/kresume.conf"
    else
        # shellcheck disable=SC2154 # set by dracut
        inst_script "${moddir}/kresume-resume.sh" /sbin/kresume-resume
        inst_rules "${moddir}/98-kresume.rules"
        inst_hook cmdline 20 "${moddir}/saver-cmdline.sh"
        inst_hook pre-mount 05 "${moddir}/pre-mount.sh"
    fi
}
