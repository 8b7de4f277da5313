#!/bin/bash
# Installs what `make bench NAME=speed` and `NAME=cifar10` measure beside the library into
# build/venv-peers. It is no failure when that cannot be had: they leave those rows out and say so.
set -euo pipefail
wanted=benchmarks/requirements-peers.txt venv=build/venv-peers
cmp -s $wanted $venv/.ready && exit 0

echo "installing PyTorch and ONNX Runtime into $venv, about 1 GB; once only" >&2
[ -x $venv/bin/python ] || python3 -m venv $venv || { echo "python3 cannot make a virtual environment" >&2; exit 0; }
if ! $venv/bin/python -m pip install -q -r $wanted; then
  # The wheel without CUDA has a version of its own, which not every index carries.
  echo "not found as listed in $wanted; trying the same version of PyTorch as the index has it" >&2
  sed 's/+cpu//' $wanted > $venv/plain.txt
  $venv/bin/python -m pip install -q -r $venv/plain.txt || {
    echo "PyTorch and ONNX Runtime could not be installed: their rows are left out" >&2
    exit 0
  }
fi
cp $wanted $venv/.ready
