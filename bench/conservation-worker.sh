#!/usr/bin/env bash
# A process whose CPU time is known: round after round a child is forked that computes and dies. At the end it prints its own
# and its children's CPU time, as the kernel has them, in milliseconds, and waits for the end of its input, so that it can be
# seen alive once more.
#
# Usage: conservation-worker.sh WORK ROUNDS PAUSE_SECONDS
work=$1 rounds=$2 pause=$3
for ((round = 0; round < rounds; round++)); do
  # Every second child has a child of its own.
  if ((round % 2 == 0)); then
    (for ((i = 0; i < work; i++)); do :; done)
  else
    (
      (for ((i = 0; i < work / 2; i++)); do :; done)
      for ((i = 0; i < work / 2; i++)); do :; done
    )
  fi
  sleep "$pause"
done
times
read -r _
