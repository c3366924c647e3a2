"""Prints the documents of a YAML file as one JSON list, as PyYAML (YAML 1.1, like kubectl's reader) has them."""

import json
import sys

import yaml

with open(sys.argv[1], encoding="utf-8", newline="") as file:
    json.dump(list(yaml.safe_load_all(file.read())), sys.stdout)
