# Built from source: pkgs.callPackage ./dist/ganger.nix { }. The version is that of Cargo.toml.
{ lib, rustPlatform, installShellFiles }:

let
  manifest = (lib.importTOML ../Cargo.toml).package;
in
rustPlatform.buildRustPackage {
  pname = manifest.name;
  inherit (manifest) version;
  src = lib.cleanSource ../.;
  cargoLock.lockFile = ../Cargo.lock;
  nativeBuildInputs = [ installShellFiles ];
  # The integration tests need programs that the sandbox of a build does not have.
  cargoTestFlags = [ "--lib" ];
  postInstall = ''
    $out/bin/ganger man > ganger.1
    installManPage ganger.1
    installShellCompletion --cmd ganger --bash <($out/bin/ganger completions bash) \
      --zsh <($out/bin/ganger completions zsh) --fish <($out/bin/ganger completions fish)
  '';
  meta = {
    inherit (manifest) description;
    license = with lib.licenses; [ mit asl20 ];
    platforms = lib.platforms.linux;
    mainProgram = "ganger";
  };
}
