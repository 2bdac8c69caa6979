# SPDX-License-Identifier: GPL-2.0-or-later
#
# Functions of nixpkgs' lib. Conditions are looked at at once, and types are not looked at.
rec {
  concatStrings = builtins.concatStringsSep "";
  mapAttrsToList = f: set: map (name: f name set.${name}) (builtins.attrNames set);
  optionalAttrs = condition: set: if condition then set else { };

  isDerivation = it: it.type or "" == "derivation";
  # Sets go into one another, lists one behind the other; of other values the second one counts.
  merge =
    a: b:
    if builtins.isList a then
      a ++ b
    else if builtins.isAttrs a && builtins.isAttrs b && !isDerivation a then
      a // builtins.mapAttrs (name: it: if a ? ${name} then merge a.${name} it else it) b
    else
      b;

  mkBefore = it: it;
  mkIf = optionalAttrs;
  mkMerge = builtins.foldl' merge { };

  literalExpression = text: text;
  mkOption = it: it // { _type = "option"; };
  mkEnableOption =
    description:
    mkOption {
      inherit description;
      default = false;
    };
  types = {
    attrsOf = _: "attrsOf";
    bool = "bool";
    enum = _: "enum";
    int = "int";
    listOf = _: "listOf";
    nullOr = _: "nullOr";
    oneOf = _: "oneOf";
    package = "package";
    str = "str";
  };

  licenses.gpl2Plus.spdxId = "GPL-2.0-or-later";
  sourceTypes.binaryNativeCode.isSource = false;
}
