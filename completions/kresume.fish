# SPDX-License-Identifier: GPL-2.0-or-later
#
# fish completions for kresume(8).

function __kresume_devices
    for path in /sys/class/block/*
        echo /dev/(string replace -a '!' / (basename $path))
    end
    printf '%s\n' UUID= LABEL= PARTUUID= PARTLABEL=
end

set -l commands resume hibernate test check estimate setup status save locate inspect verify discard key sleep

complete -c kresume -f
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -a resume -d 'Bring a machine back'
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -a hibernate -d 'Save this machine, switch it off'
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -a test -d 'Try all of it but writing'
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -a check -d 'Tell whether it would work'
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -a estimate -d 'Tell how large an image would be'
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -a status -d 'Tell what became of the last one'
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -a setup -d 'Make this system one that hibernates'
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -a save -d 'In the saver kernel: write the image'
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -a locate -d 'List the images'
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -a inspect -d 'Show all that an image says'
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -a verify -d 'Read and check all of an image'
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -a discard -d 'Drop an image'
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -a key -d 'The key of encrypted images'
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -a sleep -d 'Hibernate in place of the kernel'
complete -c kresume -n "not __fish_seen_subcommand_from $commands" -s V -l version -d 'Show the version'

complete -c kresume -n '__fish_seen_subcommand_from resume hibernate test check estimate locate inspect verify discard' -a '(__kresume_devices)'
complete -c kresume -n '__fish_seen_subcommand_from key' -a 'create show change-passphrase remove'
complete -c kresume -s v -l verbose -d 'Say more'
complete -c kresume -s q -l quiet -d 'Say only what goes wrong'
complete -c kresume -s h -l help -d 'Show the help'
complete -c kresume -n '__fish_seen_subcommand_from resume hibernate test check estimate locate inspect verify discard' -s o -l offset -x -d 'Where the image begins, in pages'
complete -c kresume -n '__fish_seen_subcommand_from resume' -s n -l dry-run -d 'Check and plan, do not jump'
complete -c kresume -n '__fish_seen_subcommand_from resume' -l retry -d 'Take an image that was tried before'
complete -c kresume -n '__fish_seen_subcommand_from resume' -l ignore-changed -d 'Take it although file systems have changed'
complete -c kresume -n '__fish_seen_subcommand_from resume' -l unattended -d 'Take no image that nothing leads to'
complete -c kresume -n '__fish_seen_subcommand_from resume' -l default -x -a '(__kresume_devices)' -d 'Where to look if nothing else says so'
complete -c kresume -n '__fish_seen_subcommand_from resume' -l default-offset -x -d 'And at which page'
complete -c kresume -n '__fish_seen_subcommand_from resume' -s w -l wait -x -d 'How many seconds to wait for the device'
complete -c kresume -n '__fish_seen_subcommand_from resume hibernate test check estimate' -l debug-port -x -d 'I/O port for letters between kernels'
complete -c kresume -n '__fish_seen_subcommand_from hibernate test check estimate' -s f -l force -d 'Overwrite whatever DEVICE holds'
complete -c kresume -n '__fish_seen_subcommand_from hibernate test check estimate' -s k -l saver-kernel -rF -d 'The kernel that writes the image'
complete -c kresume -n '__fish_seen_subcommand_from hibernate test check estimate' -s i -l saver-initrd -rF -d 'Its initramfs'
complete -c kresume -n '__fish_seen_subcommand_from hibernate test check estimate' -s m -l saver-memory -x -d 'Memory for it to live in'
complete -c kresume -n '__fish_seen_subcommand_from hibernate test check estimate' -s s -l image-size -x -d 'Drop page cache beyond this'
complete -c kresume -n '__fish_seen_subcommand_from hibernate test check estimate' -l drop-cache -x -a 'all oldest reread' -d 'What of the page cache is dropped'
complete -c kresume -n '__fish_seen_subcommand_from hibernate test check estimate' -s c -l compression -x -a 'lz4 zstd zstd:19 auto' -d 'How to pack the image'
complete -c kresume -n '__fish_seen_subcommand_from hibernate test check estimate' -s a -l saver-append -x -d 'Added to its command line'
complete -c kresume -n '__fish_seen_subcommand_from hibernate test check estimate' -l freeze -x -a 'auto always never' -d 'Freeze file systems meanwhile'
complete -c kresume -n '__fish_seen_subcommand_from hibernate test check estimate' -l unlock-in-saver -d 'Let it ask for the passphrase'
complete -c kresume -n '__fish_seen_subcommand_from hibernate test check estimate' -l encrypt -d 'Encrypt the image, or refuse'
complete -c kresume -n '__fish_seen_subcommand_from hibernate test check estimate' -l no-encrypt -d 'Do not encrypt it'
complete -c kresume -n '__fish_seen_subcommand_from hibernate' -l hybrid -d 'Sleep with memory kept'
complete -c kresume -n '__fish_seen_subcommand_from resume verify key' -l key-file -rF -d 'What opens an encrypted image'
complete -c kresume -n '__fish_seen_subcommand_from key' -l no-passphrase -d 'The key is as it is'
complete -c kresume -n '__fish_seen_subcommand_from save' -l back -d 'Go back without an image'
complete -c kresume -n '__fish_seen_subcommand_from save' -l worker -d 'Only save'
complete -c kresume -n '__fish_seen_subcommand_from inspect check' -s j -l json -d 'As JSON'
complete -c kresume -n '__fish_seen_subcommand_from setup' -s y -l yes -d 'Do not ask'
complete -c kresume -n '__fish_seen_subcommand_from setup' -l undo -d 'Take back what setup has done here'
complete -c kresume -n '__fish_seen_subcommand_from setup' -l swap-file -rF -d 'The swap file to use'
complete -c kresume -n '__fish_seen_subcommand_from setup' -l size -x -d 'Of a swap file that is made'
complete -c kresume -n '__fish_seen_subcommand_from setup' -l no-encrypt -d 'Make no key of encrypted images'
complete -c kresume -n '__fish_seen_subcommand_from setup' -l resume-initramfs -d 'Make a second initramfs, only to resume'
complete -c kresume -n '__fish_seen_subcommand_from setup' -l refresh -d 'Make that one again where it has to be'
complete -c kresume -n '__fish_seen_subcommand_from setup' -l next-boot -x -a 'resume usual' -d 'What the boot loader starts next'
