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
    # Without systemd its queue has what the rule puts there: a module of its own since dracut-ng 108, which
    # only those have who ask for it.
    # shellcheck disable=SC2154 # set by dracut
    local queue=("${dracutbasedir}"/modules.d/??initqueue)
    dracut_module_included systemd || [[ ! -d ${queue[0]} ]] || echo initqueue
}

# called by dracut
installkernel() {
    # The keys that cancel a hibernation, and where the firmware remembers the newest encrypted image,
    # where they are modules.
    hostonly='' instmods evdev button efivarfs
    [[ ! -e /etc/credstore.encrypted/kresume.image-key ]] || instmods '=drivers/char/tpm'
}

# called by dracut
install() {
    inst_simple /usr/sbin/kresume
    inst_multiple -o /etc/kresume.conf
    # What opens encrypted images, and what asks for its passphrase. dracut's images are for root only.
    inst_multiple -o /etc/kresume/image-key /etc/credstore.encrypted/kresume.image-key \
        systemd-ask-password

    if dracut_module_included systemd; then
        if [[ -e /etc/credstore.encrypted/kresume.image-key ]]; then
            # By what systemd asks the TPM, and waits for its driver; dracut's module tpm2-tss brings it only
            # where tpm2-tools is installed.
            inst_libdir_file 'libtss2-esys.so.*' 'libtss2-sys.so.*' 'libtss2-mu.so.*' 'libtss2-rc.so.*' \
                'libtss2-tcti-device.so.*'
            # shellcheck disable=SC2154 # set by dracut
            inst_multiple -o "${systemdutildir}/system-generators/systemd-tpm2-generator" \
                "${systemdsystemunitdir}/tpm2.target"
        fi
        # shellcheck disable=SC2154 # set by dracut
        local unit units=${systemdsystemunitdir}
        for unit in kresume-resume.service kresume-save.service; do
            inst_simple "${units}/${unit}"
            # shellcheck disable=SC2154
            ln_r "${units}/${unit}" "${units}/sysinit.target.wants/${unit}"
        done
        for unit in systemd-hibernate-resume.service systemd-hibernate-resume@.service; do
            inst_simple "${units}/${unit}.d/kresume.conf"
        done
    else
        # shellcheck disable=SC2154 # set by dracut
        inst_script "${moddir}/kresume-resume.sh" /sbin/kresume-resume
        inst_rules "${moddir}/98-kresume.rules"
        inst_hook cmdline 20 "${moddir}/saver-cmdline.sh"
        inst_hook pre-mount 05 "${moddir}/pre-mount.sh"
    fi
}
