# SPDX-License-Identifier: GPL-2.0-or-later
#
# In the archive that `make packages` makes, beside the program: a package, and a module for NixOS.
{
  description = "Brings a hibernated Linux back from any initramfs";

  # Of it only runCommand is used, and lib for what is said about the package: any will do.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { nixpkgs, ... }:
    let
      kresume = nixpkgs.legacyPackages.x86_64-linux.callPackage ./package.nix { };
      module = {
        imports = [ ./module.nix ];
      };
    in
    {
      packages.x86_64-linux = {
        inherit kresume;
        default = kresume;
      };
      nixosModules = {
        kresume = module;
        default = module;
      };
    };
}
