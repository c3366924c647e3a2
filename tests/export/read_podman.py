"""Prints the variables of an env_file as JSON, as podman-compose has them."""

import json
import sys

import podman_compose

json.dump(podman_compose.dotenv_to_dict(sys.argv[1]), sys.stdout)
