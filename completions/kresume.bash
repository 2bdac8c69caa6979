# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bash-completion for kresume(8).

_kresume_devices() {
    local name path
    for path in /sys/class/block/*; do
        name=${path##*/}
        echo "/dev/${name//!//}"
    done
    echo UUID= LABEL= PARTUUID= PARTLABEL=
}

_kresume() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local all="--verbose --quiet --help" options

    COMPREPLY=()
    # bash takes `=` for a word of its own.
    if [[ ${current} == "=" ]]; then
        current=
    elif [[ ${previous} == "=" ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case ${previous} in
    --saver-kernel | --saver-initrd | --key-file | --swap-file | -k | -i)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "${current}")
        return
        ;;
    --default)
        mapfile -t COMPREPLY < <(compgen -W "$(_kresume_devices)" -- "${current}")
        return
        ;;
    --compression | -c)
        mapfile -t COMPREPLY < <(compgen -W "lz4 zstd auto" -- "${current}")
        return
        ;;
    --drop-cache)
        mapfile -t COMPREPLY < <(compgen -W "all oldest reread" -- "${current}")
        return
        ;;
    --freeze)
        mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "${current}")
        return
        ;;
    --next-boot)
        mapfile -t COMPREPLY < <(compgen -W "resume usual" -- "${current}")
        return
        ;;
    --offset | --wait | --saver-memory | --saver-append | --image-size | --debug-port | --size | \
        -o | -w | -m | -a | -s)
        return
        ;;
    esac

    case ${COMP_WORDS[1]} in
    resume)
        options="--offset= --dry-run --retry --ignore-changed --unattended --default= --wait="
        options+=" --default-offset= --key-file= --debug-port="
        ;;
    hibernate | test | estimate)
        options="--offset= --force --saver-kernel= --saver-initrd= --saver-memory= --saver-append="
        options+=" --image-size= --drop-cache= --compression= --freeze= --unlock-in-saver --encrypt --no-encrypt --debug-port="
        [[ ${COMP_WORDS[1]} != hibernate ]] || options+=" --hybrid"
        ;;
    check)
        options="--offset= --force --saver-kernel= --saver-initrd= --saver-memory= --saver-append="
        options+=" --image-size= --drop-cache= --compression= --freeze= --unlock-in-saver --encrypt --no-encrypt"
        options+=" --debug-port= --json"
        ;;
    inspect) options="--offset= --json" ;;
    verify) options="--offset= --key-file=" ;;
    locate | discard) options="--offset=" ;;
    key) options="--no-passphrase --key-file=" ;;
    setup)
        options="--yes --undo --swap-file= --size= --no-encrypt --resume-initramfs --refresh --next-boot="
        ;;
    status | sleep) options= ;;
    save) options="--back --worker" ;;
    *)
        options=
        all="--help --version"
        ;;
    esac
    if ((COMP_CWORD == 1)); then
        options="resume hibernate test check estimate setup status save locate inspect verify discard key sleep"
        [[ ${current} == -* ]] || all=
    elif [[ ${current} != -* ]]; then
        all=
        options=$(_kresume_devices)
        case ${COMP_WORDS[1]} in save | setup | sleep | status) options= ;; esac
        [[ ${COMP_WORDS[1]} != key ]] || options="create show change-passphrase remove"
    fi
    mapfile -t COMPREPLY < <(compgen -W "${options} ${all}" -- "${current}")
    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}

complete -F _kresume kresume
