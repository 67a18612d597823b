#!/bin/sh
exec "${PYTHON:-python3}" -I "$(dirname "$0")/install.py" "$@"
