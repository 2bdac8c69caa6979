# SPDX-License-Identifier: GPL-2.0-or-later
#
# make           build/kresume: static, stripped
# make test      everything: packages, build, lint, unit tests, a little fuzzing, machine tests
# make lint      layout of the sources, shellcheck, which module imports which, licence lines
# make unit      tests that need no virtual machine
# make machines  tests that boot kernels in QEMU (the first run builds one: some minutes); with
#                MKINITCPIO=/path/to/its/sources that one is run, too: it is not in Debian; with
#                DRACUT=/path/to/its/sources that one is run, too, beside Debian's
# make fuzz      what is read from devices, files and memory, by libFuzzer: FUZZ_SECONDS (60) each;
#                some of it: FUZZ_TARGETS='image stock-image'
# make cuts      many more of the moments at which the power may go than `make test` has: as many times
#                as CUTS=20 says, and every one between two flushes
# make matrix    many kernels in each part, and many machines: docs/support.md (an hour and a half, the newest
#                kernel's build included); some of it: MATRIX=kernels, series or machines, and words of its
#                lines: MATRIX='machines NVMe'
# make soak      N=100 circles in a row in one machine under load
# make demo      watch virtual machines hibernate, go off and come back: build/demo.txt
# make arm64     kresume for arm64, build/arm64/kresume, and its tests (the first run fetches a toolchain, 1.2 GB)
# make bench     how fast it is, beside the kernel: build/bench.md (three quarters of an hour; fewer rounds:
#                BENCH_RUNS=1; some of it: BENCH_ONLY=small/LZO)
# make bench-scale  what the plan of a restore costs, natively, from 1 to 256 GiB
# make packages  a .deb, an RPM and an archive for Nix, in build/packages
# make dist      the sources of the last commit, in build
# make deps      the Debian packages that all of this needs
# make install   the binary, and what initramfs-tools, dracut, mkinitcpio, systemd and the shells need for it;
#                variables: PREFIX (/usr/local), DESTDIR
# make uninstall
# make clean
#
# Virtual machines run another kernel than 6.12 where KRESUME_KERNEL names one (CONTRIBUTING.md).

# Functions that are the same are one (--icf): nothing here compares addresses of functions.
SWIFT_BUILD := swift build -c release --static-swift-stdlib -Xswiftc -static-executable \
	-Xswiftc -use-ld=lld -Xlinker -O2 -Xlinker --icf=all -Xlinker -Ttools/release.ld
# 9 MiB. More than half of it is Swift's standard library, most of which nothing uses: what it knows of its
# own types keeps it there.
SIZE_LIMIT  := 9437184
VERSION     := $(shell sed -n 's/.*let version = "\(.*\)"/\1/p' Sources/kresume/Kresume.swift)

BUILD_PACKAGES := gcc libc6-dev binutils pkg-config libblkid-dev liblz4-dev liblzo2-dev libxxhash-dev \
	libzstd-dev zlib1g-dev libsodium-dev liburing-dev
# What it takes to make packages, and to look at them.
PACKAGE_PACKAGES := debhelper lintian rpm rpmlint nix-bin
# To run a virtual machine with a kernel of Debian's.
DEMO_PACKAGES  := qemu-system-x86 busybox-static cpio kmod xz-utils e2fsprogs util-linux
TEST_PACKAGES  := $(DEMO_PACKAGES) shellcheck ovmf linux-source-6.12 \
	make flex bison bc libelf-dev libssl-dev zstd lz4 \
	openssl sbsigntool cryptsetup-bin xfsprogs btrfs-progs f2fs-tools dosfstools exfatprogs fdisk mmdebstrap \
	$(PACKAGE_PACKAGES)

# To build for arm64, and to run it.
ARM64_PACKAGES := qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross

PREFIX  := /usr/local
SBINDIR := $(PREFIX)/sbin
DATADIR := $(PREFIX)/share
SYSCONFDIR := /etc
# These tools look in one place, whatever the prefix.
directory = $(or $(shell pkg-config --variable=$1 $2 2>/dev/null),$3)
INITRAMFS_TOOLS := /usr/share/initramfs-tools
DRACUT_MODULES  := $(call directory,dracutmodulesdir,dracut,/usr/lib/dracut/modules.d)
INITCPIO        := /usr/lib/initcpio
SYSTEMD_UNITS   := $(call directory,systemdsystemunitdir,systemd,/usr/lib/systemd/system)
SYSTEMD_SLEEP    = $(SYSTEMD_UNITS:%/system=%/system-sleep)
BASH_COMPLETIONS := $(call directory,completionsdir,bash-completion,/usr/share/bash-completion/completions)
ZSH_COMPLETIONS  := /usr/share/zsh/site-functions
FISH_COMPLETIONS := $(call directory,completionsdir,fish,/usr/share/fish/vendor_completions.d)

# SOURCE:TARGET:MODE; MODE `kept` is 644 for a file that belongs to the user once it is there
INSTALLED := \
	build/kresume:$(SBINDIR)/kresume:755 \
	etc/kresume.conf:$(SYSCONFDIR)/kresume.conf:kept \
	initramfs-hooks/hooks/kresume:$(INITRAMFS_TOOLS)/hooks/kresume:755 \
	initramfs-hooks/conf-hooks.d/kresume:$(INITRAMFS_TOOLS)/conf-hooks.d/kresume:644 \
	$(foreach script,local-top/kresume local-premount/kresume,\
		initramfs-hooks/scripts/$(script):$(INITRAMFS_TOOLS)/scripts/$(script):755) \
	$(foreach file,$(notdir $(wildcard dracut/50kresume/*)),\
		dracut/50kresume/$(file):$(DRACUT_MODULES)/50kresume/$(file):$(if $(filter %.rules,$(file)),644,755)) \
	$(foreach file,install/kresume install/sd-kresume hooks/kresume,\
		mkinitcpio/$(file):$(INITCPIO)/$(file):644) \
	$(foreach unit,kresume-resume.service kresume-save.service \
		$(addsuffix /kresume.conf,systemd-hibernate-resume.service.d \
			systemd-hibernate-resume@.service.d),\
		systemd/$(unit):$(SYSTEMD_UNITS)/$(unit):644) \
	completions/kresume.bash:$(BASH_COMPLETIONS)/kresume:644 \
	completions/_kresume:$(ZSH_COMPLETIONS)/_kresume:644 \
	completions/kresume.fish:$(FISH_COMPLETIONS)/kresume.fish:644 \
	$(foreach file,resume-initramfs small-initramfs grub-entry,\
		resume-entry/$(file):$(DATADIR)/kresume/$(file):755) \
	$(foreach hook,$(SYSCONFDIR)/kernel/postinst.d/kresume $(SYSCONFDIR)/kernel/postrm.d/kresume \
		$(SYSCONFDIR)/initramfs/post-update.d/kresume $(INITCPIO)/post/kresume \
		/usr/lib/kernel/install.d/95-kresume.install,resume-entry/refresh:$(hook):755) \
	resume-entry/system-sleep:$(SYSTEMD_SLEEP)/kresume:755 \
	elogind/hibernate:$(DATADIR)/kresume/hibernate:755 \
	systemd/hibernate.conf:$(DATADIR)/kresume/systemd-hibernate.conf:644 \
	systemd/suspend-then-hibernate.conf:$(DATADIR)/kresume/systemd-suspend-then-hibernate.conf:644 \
	systemd/hybrid-sleep.conf:$(DATADIR)/kresume/systemd-hybrid-sleep.conf:644 \
	$(foreach page,$(notdir $(wildcard man/*.[1-8])),\
		man/$(page):$(DATADIR)/man/man$(subst .,,$(suffix $(page)))/$(page):644)

.NOTPARALLEL:
.PHONY: all packages dist install uninstall deps swift lint unit fuzz fuzz-short fuzz-build machines arm64 cuts matrix soak fetch test demo demo-deps bench bench-scale clean

all: build/kresume

build/kresume: swift
	@pkg-config --exists blkid liblz4 libzstd lzo2 libxxhash zlib libsodium liburing || \
		{ echo "The libraries' headers are missing: make deps" >&2; exit 1; }
	@mkdir -p build
	$(SWIFT_BUILD) --product kresume
	strip -o $@.new "$$($(SWIFT_BUILD) --show-bin-path)/kresume"
	@if readelf -lW $@.new | grep -qE 'INTERP|DYNAMIC'; then \
		echo "$@ is not static" >&2; exit 1; fi
	@if [ "$$(stat -c %s $@.new)" -gt $(SIZE_LIMIT) ]; then \
		echo "$@ is larger than $(SIZE_LIMIT) bytes" >&2; exit 1; fi
	@mv $@.new $@

swift:
	@command -v swift >/dev/null || \
		{ echo "Swift 6.2 or newer is needed: https://www.swift.org/install (swiftly)" >&2; exit 1; }

# Does not build: as root it would leave root's files here.
install:
	@[ -e build/kresume ] || { echo "Nothing is built yet: make" >&2; exit 1; }
	@DESTDIR='$(DESTDIR)' BINARY='$(SBINDIR)/kresume' tools/install-files $(INSTALLED)

uninstall:
	@DESTDIR='$(DESTDIR)' tools/install-files --remove $(INSTALLED)

# The same files give the same bytes.
packages: build/kresume
	@Tests/Machines/prepare/packages $(BUILD_PACKAGES) $(PACKAGE_PACKAGES)
	@packaging/build '$(VERSION)' build/packages
	@lintian --allow-root --fail-on error,warning build/packages/*.deb
	@rpmlint -c packaging/kresume.rpmlintrc.toml build/packages/*.rpm >build/packages/rpmlint.log || \
		{ cat build/packages/rpmlint.log; exit 1; }
	@Tests/Nix/run build/packages/kresume-'$(VERSION)'-x86_64-linux.tar.gz '$(VERSION)'

dist:
	@mkdir -p build
	git archive --prefix='kresume-$(VERSION)/' HEAD | gzip -9n >'build/kresume-$(VERSION).tar.gz'

deps:
	@Tests/Machines/prepare/packages $(BUILD_PACKAGES) $(TEST_PACKAGES)

# shellcheck: every file whose first line names a shell; the completions and what Nix reads as far as these
# are here.
lint: swift
	swift format lint --strict -r Sources Tests Package.swift
	tools/check-layers
	tools/check-licences
	tools/check-file-list
	tools/check-versions '$(VERSION)'
	if command -v zsh >/dev/null; then zsh -n completions/_kresume; fi
	if command -v fish >/dev/null; then fish --no-execute completions/kresume.fish; fi
	if command -v nix-instantiate >/dev/null; then \
		find packaging Tests -name '*.nix' -exec nix-instantiate --store dummy:// --parse {} + >/dev/null; fi
	find . -name .git -prune -o -name '.build*' -prune -o -path ./build -prune -o -type f \
		-exec awk 'FNR == 1 && /^(#!.*sh( |$$)|# shellcheck shell=)/ { print FILENAME } { nextfile }' {} + \
		| xargs shellcheck

unit: swift
	@tools/run-tests --skip '^MachineTests\.'

FUZZ_SECONDS := 60
FUZZ_TARGETS :=

fuzz: swift
	@Tests/Fuzz/run seconds $(FUZZ_SECONDS) $(FUZZ_TARGETS)

# The same inputs every time.
fuzz-short: swift
	@Tests/Fuzz/run runs 10000 $(FUZZ_TARGETS)

# Checkouts of these, of which nothing is ours. Without them stand-ins run for mkinitcpio's functions, and Debian's
# dracut.
MKINITCPIO :=
DRACUT :=

ifneq ($(MKINITCPIO),)
export KRESUME_MKINITCPIO := $(abspath $(MKINITCPIO))
endif
ifneq ($(DRACUT),)
export KRESUME_DRACUT := $(abspath $(DRACUT))
# Programs of its are made of C.
TEST_PACKAGES += libkmod-dev
endif

machines: packages
	@tools/run-tests --filter '^MachineTests\.'

# Debian's toolchain builds it, in a root of its own: as root.
build/arm64/kresume: swift
	@Tests/Machines/prepare/packages $(BUILD_PACKAGES) $(ARM64_PACKAGES)
	@tools/build-arm64 $@

arm64: deps build/arm64/kresume
	@tools/run-tests --filter '^MachineTests\..*/ARM64Tests'

CUTS := 20

cuts: deps build/kresume
	KRESUME_CUTS=$(CUTS) swift test --disable-xctest --filter '^MachineTests\..*/PowerCutTests'

MATRIX :=

matrix: deps build/kresume
	@swift run --quiet machine-matrix $(MATRIX)

N := 100

soak: deps build/kresume
	@swift run --quiet machine-soak $(N)

# The Debians of the machine tests take minutes to fetch, and little of a processor: others build meanwhile.
# One that fails is made again, and its complaint seen, by the test that needs it.
fetch: deps
	@mkdir -p build
	@for suite in bookworm trixie $(if $(MKINITCPIO),'trixie mkinitcpio'); do \
		Tests/Machines/prepare/debian-root $$suite; done >build/fetch.log 2>&1 &

# Modules that are optimised as a whole come one after the other, so that a build of these has one processor to do:
# the fuzzer's goes on beside the program's. Where it fails, fuzz-short tells why.
fuzz-build: swift
	@mkdir -p build
	@Tests/Fuzz/run build >build/fuzz-build.log 2>&1 &

test: deps fetch fuzz-build build/kresume lint unit fuzz-short machines

demo-deps:
	@Tests/Machines/prepare/packages $(BUILD_PACKAGES) $(DEMO_PACKAGES)

# What the second part needs is installed when the first one has been seen.
demo: demo-deps build/kresume
	@rm -f build/demo.txt
	@swift build --product machine-demo
	@swift run --quiet machine-demo stock
	@Tests/Machines/prepare/packages $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@swift run --quiet machine-demo own

# With the binary's flags, for some of its code is measured; the linker then warns at length of
# what a static program may not call.
bench: deps build/kresume
	@$(SWIFT_BUILD) --product machine-bench >build/bench.log 2>&1 || { cat build/bench.log; exit 1; }
	@"$$($(SWIFT_BUILD) --show-bin-path)/machine-bench"

bench-scale: swift
	@swift build -c release --product scale
	@"$$(swift build -c release --show-bin-path)/scale"

clean:
	rm -rf build .build .build-fuzz
