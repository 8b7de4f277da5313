#!/bin/bash
# setup.sh swift|all|firmware TARGET...|available TARGET...: what a build needs. `swift` only looks at the
# compiler; `all` also looks for Debian packages and installs the missing ones as root;
# `firmware` does so for the tools and the emulator of targets that are not this machine;
# `available` prints for which of them that is possible.
set -euo pipefail

wanted_swift=6.3

check_swift() {
  if ! command -v swiftc > /dev/null; then
    echo "libswiftcl needs Swift $wanted_swift or newer, and no swiftc is in PATH." >&2
    echo "Get it from https://www.swift.org/install/linux/ and add its usr/bin to PATH." >&2
    exit 1
  fi
  local version
  version=$(swiftc --version 2> /dev/null | sed -n 's/.*Swift version \([0-9.]*[0-9]\).*/\1/p' | head -n 1)
  if [ "$(printf '%s\n' "$wanted_swift" "${version:-0}" | sort -V | head -n 1)" != "$wanted_swift" ]; then
    echo "libswiftcl needs Swift $wanted_swift or newer; swiftc is ${version:-of an unknown version}." >&2
    echo "Get it from https://www.swift.org/install/linux/." >&2
    exit 1
  fi
  echo "Swift $version"
}

packages=(gcc g++ make binutils libc6-dev pkg-config python3 python3-venv
  libopenblas-dev zlib1g-dev valgrind)

# What one target asks for, beside the above; clang comes with Swift.
target_packages() {
  case $1 in
    cortex-*) echo gcc-arm-none-eabi binutils-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm ;;
    riscv32) echo gcc-riscv64-unknown-elf binutils-riscv64-unknown-elf qemu-system-misc ;;
    aarch64-linux) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static ;;
    armv7-linux) echo gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user-static ;;
    *)
      echo "no target '$1'; there are cortex-m0, cortex-m4, cortex-m7, cortex-m33, riscv32, aarch64-linux and armv7-linux" >&2
      return 1
      ;;
  esac
}

check_packages() {
  if ! command -v dpkg-query > /dev/null; then
    echo "not a Debian system: please provide the equivalents of ${packages[*]}"
    return
  fi
  local missing=() package
  for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || missing+=("$package")
  done
  if [ ${#missing[@]} = 0 ]; then
    echo "Debian packages: all there"
    return
  fi
  if [ "$(id -u)" != 0 ]; then
    echo "Some Debian packages are missing. Please run this and come back:" >&2
    echo "  sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
  echo "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  local install=(apt-get install -y -q --no-install-recommends "${missing[@]}")
  "${install[@]}" < /dev/null || {
    apt-get update -q < /dev/null && "${install[@]}" < /dev/null
  }
}

check_swift
case ${1:-all} in
  all) check_packages ;;
  firmware)
    packages=()
    for target in "${@:2}"; do
      wanted=$(target_packages "$target") || exit 1
      read -r -a wanted <<< "$wanted"
      packages+=("${wanted[@]}")
    done
    check_packages
    ;;
  available)
    for target in "${@:2}"; do
      wanted=$(target_packages "$target") || exit 1
      read -r -a packages <<< "$wanted"
      if (check_packages) >&2; then
        echo "$target"
      else
        echo "$target: SKIPPED, as not all of ${packages[*]} could be installed" >&2
      fi
    done
    ;;
esac
