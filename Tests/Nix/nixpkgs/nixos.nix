# SPDX-License-Identifier: GPL-2.0-or-later
#
# nixosSystem, for modules that are sets of values, and for modules with options that read those values and what
# is below. What such a module gives is not read by others. What NixOS makes of it is made as a tree of files,
# as far as it is about what kresume's module says; an option that NixOS does not have is an error.
{ lib, pkgs }:
{ modules, ... }:
let
  inherit (builtins)
    concatMap
    concatStringsSep
    filter
    isAttrs
    isFunction
    mapAttrs
    ;

  known = {
    assertions = [ ];
    boot = {
      initrd = {
        availableKernelModules = [ ];
        extraFiles = { };
        postDeviceCommands = "";
        postResumeCommands = "";
        preLVMCommands = "";
        secrets = { };
        systemd = {
          contents = { };
          enable = true;
          packages = [ ];
          services = { };
        };
      };
      loader.supportsInitrdSecrets = true;
      resumeDevice = "";
    };
    environment = {
      etc = { };
      systemPackages = [ ];
    };
    security.protectKernelImage = false;
    systemd = {
      package = pkgs.systemd;
      packages = [ ];
    };
  };

  load =
    module:
    if isFunction module then
      module {
        inherit lib pkgs;
        config = told;
        options = known;
      }
    else if isAttrs module then
      module
    else
      load (import module);
  all = concatMap (module: map load (module.imports or [ module ])) modules;
  declaring = filter (module: module ? options) all;
  # VALUES, and the defaults where there is none.
  fill =
    options: values:
    values
    // mapAttrs (
      name: it:
      if it._type or "" == "option" then values.${name} or it.default else fill it (values.${name} or { })
    ) options;

  told = fill (lib.mkMerge (map (it: it.options) declaring)) (
    lib.mkMerge ([ known ] ++ filter (module: !module ? options) all)
  );
  config = lib.mkMerge ([ told ] ++ map (it: check known it.config) declaring);

  # Values for options that are none are not passed over.
  check =
    options: values:
    mapAttrs (
      name: it:
      if !options ? ${name} then
        throw "there is no option ${name}"
      else if isAttrs it && options.${name} != { } && !lib.isDerivation it then
        check options.${name} it
      else
        it
    ) values;

  lines = f: set: concatStringsSep "\n" (lib.mapAttrsToList f set);
  file = it: it.source or (pkgs.writeText "text" it.text);
  place = path: it: "install -D ${file it} $out/${path}";
  units = packages: directory: ''
    mkdir -p ${directory}
    for package in ${toString packages}; do
        cp -r --no-preserve=mode $package/lib/systemd/system/. ${directory}
    done
  '';

  inherit (config.boot) initrd;
  initramfs.systemd = ''
    ${lines place initrd.systemd.contents}
    units=$out/etc/systemd/system
    ${units initrd.systemd.packages "$units"}
    ${lines (name: it: ''
      [ -e $units/${name}.service ] || { echo "there is no unit ${name}.service"; exit 1; }
      for target in ${toString (it.wantedBy or [ ])}; do
          mkdir -p $units/$target.wants
          ln -s ../${name}.service $units/$target.wants/
      done
      mkdir $units/${name}.service.d
      printf '[Unit]\nAfter=%s\n' "${toString (it.after or [ ])}" >$units/${name}.service.d/overrides.conf
    '') initrd.systemd.services}
  '';
  initramfs.scripted = ''
    ${lines place initrd.extraFiles}
    cp ${
      pkgs.writeText "init" ''
        ${initrd.preLVMCommands}
        lvm
        ${initrd.postDeviceCommands}
        stock_resume
        ${initrd.postResumeCommands}
        mount_root
      ''
    } $out/init
  '';
in
assert builtins.all (it: it.assertion || throw it.message) config.assertions;
{
  inherit config;
  initramfs = pkgs.runCommand "initramfs" { } ''
    mkdir $out
    echo ${toString initrd.availableKernelModules} >$out/modules
    echo '${lines (target: source: "${target} ${source}") initrd.secrets}' >$out/secrets
    ${if initrd.systemd.enable then initramfs.systemd else initramfs.scripted}
  '';
  system = pkgs.runCommand "system" { } ''
    ${lines (name: place "etc/${name}") config.environment.etc}
    ${units config.systemd.packages "$out/etc/systemd/system"}
    mkdir -p $out/sw
    for package in ${toString config.environment.systemPackages}; do
        cp -r --no-preserve=ownership $package/. $out/sw
        chmod -R u+w $out/sw
    done
  '';
}
