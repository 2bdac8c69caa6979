# SPDX-License-Identifier: GPL-2.0-or-later
#
# For NixOS: kresume in stage 1, in both roles, and as what hibernates. Why the lines for stage 1 are as they
# are: docs/other-initramfs.md.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  cfg = config.services.kresume;
  isSystemd = config.boot.initrd.systemd.enable;

  value = it: if it == true then "yes" else if it == false then "no" else toString it;
  settings = {
    saver-kernel = "/run/booted-system/kernel";
    saver-initrd = "/run/booted-system/initrd";
  }
  // lib.optionalAttrs (cfg.device != null) { inherit (cfg) device; }
  // cfg.settings;
  text = lib.concatStrings (lib.mapAttrsToList (key: it: "${key} = ${value it}\n") settings);

  # systemd's own programs are elsewhere here than in the files of the package.
  sleepUnits = pkgs.runCommand "kresume-sleep-units" { } ''
    mkdir -p "$out/lib/systemd/system"
    for verb in ${toString cfg.sleepVerbs}; do
        mkdir -p "$out/lib/systemd/system/systemd-$verb.service.d"
        sed -e 's|/usr/sbin/kresume|${cfg.package}/bin/kresume|' \
            -e 's|/usr/lib/systemd/systemd-sleep|${config.systemd.package}/lib/systemd/systemd-sleep|' \
            ${cfg.package}/share/kresume/systemd-$verb.conf \
            >"$out/lib/systemd/system/systemd-$verb.service.d/kresume.conf"
    done
  '';
in
{
  options.services.kresume = {
    enable = lib.mkEnableOption "kresume, which hibernates by kexec, and resumes in the initramfs";

    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "pkgs.callPackage ./package.nix { }";
      description = "The package that has kresume.";
    };

    device = mkOption {
      type = types.nullOr types.str;
      default = if config.boot.resumeDevice == "" then null else config.boot.resumeDevice;
      defaultText = lib.literalExpression "config.boot.resumeDevice";
      example = "UUID=0d3ab4d5-2f0a-4f44-9d4c-8e7d5b8b5d6b";
      description = ''
        Where images are, and where they go: a path, or `UUID=`, `LABEL=`, `PARTUUID=` or `PARTLABEL=` and a
        value. With UEFI a boot also finds what the last hibernation has left in HibernateLocation.
      '';
    };

    settings = mkOption {
      type = types.attrsOf (
        types.oneOf [
          types.bool
          types.int
          types.str
        ]
      );
      default = { };
      example = {
        wait = 10;
        compression = "zstd";
      };
      description = "What else {file}`/etc/kresume.conf` says, here and in the initramfs: see kresume.conf(5).";
    };

    imageKey = mkOption {
      # No path: that would be copied into the store, which everybody can read.
      type = types.nullOr types.str;
      default = null;
      example = "/etc/kresume/image-key";
      description = ''
        The key that opens encrypted images, which `kresume key create` makes. The initramfs gets it when the
        boot loader is installed, so it must exist by then, and nobody but root may be able to read what the
        boot loader reads.
      '';
    };

    sleepVerbs = mkOption {
      type = types.listOf (
        types.enum [
          "hibernate"
          "suspend-then-hibernate"
          "hybrid-sleep"
        ]
      );
      default = [
        "hibernate"
        "suspend-then-hibernate"
      ];
      description = ''
        For which commands of `systemctl` kresume hibernates in the kernel's place. `hybrid-sleep` needs a
        machine that suspends by ACPI's S3. With none of them kresume only resumes what the kernel writes.
      '';
    };
  };

  config = mkIf cfg.enable (
    lib.mkMerge [
      {
        assertions = [
          {
            assertion = cfg.imageKey == null || config.boot.loader.supportsInitrdSecrets;
            message = ''
              services.kresume.imageKey: this boot loader adds no secrets to the initramfs, so the key would have
              to be in the Nix store, which everybody can read.
            '';
          }
          {
            assertion = !config.security.protectKernelImage;
            message = "services.kresume: security.protectKernelImage forbids kexec and hibernation.";
          }
        ];
        environment.systemPackages = [ cfg.package ];
        environment.etc."kresume.conf".text = text;
        systemd.packages = [ sleepUnits ];
        boot.initrd.availableKernelModules = [
          "evdev"
          "button"
          "efivarfs"
        ];
        boot.initrd.secrets = mkIf (cfg.imageKey != null) { "/etc/kresume/image-key" = cfg.imageKey; };
      }

      (mkIf isSystemd {
        boot.initrd.systemd = {
          contents."/usr/sbin/kresume".source = "${cfg.package}/bin/kresume";
          contents."/etc/kresume.conf".text = text;
          packages = [ cfg.package ];
          services.kresume-save.wantedBy = [ "sysinit.target" ];
          services.kresume-resume.wantedBy = [ "sysinit.target" ];
          services.kresume-resume.after = [ "initrd-nixos-copy-secrets.service" ];
        };
      })

      # A NixOS without the scripted stage 1 need not know its options.
      (mkIf (!isSystemd) (
        lib.optionalAttrs (options.boot.initrd ? preLVMCommands) {
          boot.initrd = {
            extraFiles."/usr/sbin/kresume".source =
              pkgs.runCommand "kresume" { } "cp ${cfg.package}/bin/kresume $out";
            extraFiles."/etc/kresume.conf".source = pkgs.writeText "kresume.conf" text;
            preLVMCommands = lib.mkBefore ''
              if grep -q ' kresume[.]save=' /proc/cmdline; then
                  /usr/sbin/kresume save
                  /usr/sbin/kresume save --back
                  fail
              fi
            '';
            postDeviceCommands = lib.mkBefore ''
              /usr/sbin/kresume resume --unattended || true
              if [ -e /run/kresume/no-other-resume ]; then mount -t tmpfs none /sys/power; fi
            '';
            postResumeCommands = lib.mkBefore ''
              if [ -e /run/kresume/no-other-resume ]; then umount /sys/power; fi
            '';
          };
        }
      ))
    ]
  );
}
