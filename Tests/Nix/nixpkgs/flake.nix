# SPDX-License-Identifier: GPL-2.0-or-later
#
# Stands in for nixpkgs: as much of it as the flake of packaging/nix uses, with the programs of this machine.
{
  outputs =
    { ... }:
    let
      lib = import ./lib.nix // {
        nixosSystem = import ./nixos.nix { inherit lib pkgs; };
      };
      pkgs = import ./packages.nix { inherit lib; };
    in
    {
      inherit lib;
      legacyPackages.x86_64-linux = pkgs;
    };
}
