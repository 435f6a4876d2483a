#!/bin/sh
# A budget for a job in CI: fails with status 3 where the command takes more energy than the job may.
# Usage: examples/ci-budget.sh WATT_HOURS COMMAND [ARGUMENTS]
set -eu
if [ "$#" -lt 2 ]; then
  echo "usage: examples/ci-budget.sh WATT_HOURS COMMAND [ARGUMENTS], for example: examples/ci-budget.sh 0.5 npm test" >&2
  exit 2
fi
budget=$1
shift
# The runner's own program where there is one, otherwise that of this checkout.
carbon_ops=$(command -v carbon-ops || echo "node $(dirname "$0")/../dist/cli/bin.js")
exec $carbon_ops run --name "$*" --max-wh "$budget" -- "$@"
