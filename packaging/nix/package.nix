# SPDX-License-Identifier: GPL-2.0-or-later
#
# The program is static, and stripped: nothing of Nix goes into it, and it is not changed.
{ lib, runCommand }:
let
  pname = "kresume";
  version = "0.2.0";
in
runCommand "${pname}-${version}"
  {
    inherit pname version;
    meta = {
      description = "Brings a hibernated Linux back from any initramfs";
      homepage = "https://github.com/kresume/kresume";
      license = lib.licenses.gpl2Plus;
      mainProgram = "kresume";
      platforms = [ "x86_64-linux" ];
      sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
    };
  }
  ''
    mkdir "$out"
    cp -r ${./bin} "$out/bin"
    cp -r ${./lib} "$out/lib"
    cp -r ${./share} "$out/share"
  ''
