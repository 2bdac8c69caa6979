# SPDX-License-Identifier: GPL-2.0-or-later
{ lib }:
let
  pkgs = {
    inherit lib;

    runCommand =
      name: variables: text:
      derivation (
        removeAttrs variables [ "meta" ]
        // {
          inherit name;
          system = "x86_64-linux";
          builder = "/bin/bash";
          args = [
            "-euc"
            # bash stays until the end: Nix kills what has closed its output, and not yet gone, as cp may have.
            "PATH=/usr/bin:/bin\n${text}\nexit 0"
          ];
        }
      )
      // {
        meta = variables.meta or { };
      };

    writeText = name: text: pkgs.runCommand name { inherit text; } ''printf %s "$text" >$out'';

    callPackage =
      file: arguments:
      let
        function = import file;
      in
      function (builtins.intersectAttrs (builtins.functionArgs function) pkgs // arguments);

    systemd = pkgs.runCommand "systemd" { } ''
      mkdir -p $out/lib/systemd
      echo '#!/bin/sh' >$out/lib/systemd/systemd-sleep
      chmod +x $out/lib/systemd/systemd-sleep
    '';
  };
in
pkgs
