# SPDX-License-Identifier: GPL-2.0-or-later
#
# Machines with kresume, as a user writes them.
{
  inputs.nixpkgs.url = "nixpkgs";
  inputs.kresume.url = "kresume";
  inputs.kresume.inputs.nixpkgs.follows = "nixpkgs";

  outputs =
    { nixpkgs, kresume, ... }:
    let
      machine =
        more:
        nixpkgs.lib.nixosSystem {
          modules = [
            kresume.nixosModules.default
            { services.kresume.enable = true; }
            more
          ];
        };
    in
    {
      package = kresume.packages.x86_64-linux.default;
      systemd = machine {
        services.kresume = {
          device = "LABEL=hibernation";
          imageKey = "/etc/kresume/image-key";
          settings = {
            wait = 10;
            find-offset = true;
            saver-kernel = "/boot/saver";
          };
          sleepVerbs = [
            "hibernate"
            "suspend-then-hibernate"
            "hybrid-sleep"
          ];
        };
      };
      scripted = machine {
        boot.initrd.systemd.enable = false;
        boot.resumeDevice = "/dev/swap";
      };
      unsafe = machine {
        services.kresume.imageKey = "/etc/kresume/image-key";
        boot.loader.supportsInitrdSecrets = false;
      };
      protected = machine {
        security.protectKernelImage = true;
      };
    };
}
