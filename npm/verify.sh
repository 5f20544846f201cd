#!/usr/bin/env bash
# Looks at the synchronisation of the core in three ways that no ordinary test run does: loom (every order in which threads
# may meet, on models), Miri (undefined behaviour, weak memory) and ThreadSanitizer (data races between real threads).
#
#   npm/verify.sh [loom] [miri] [tsan]      all three where none is named; a line at the end says what each of them found
#
# Miri and ThreadSanitizer need the nightly toolchain with rust-src, which rustup installs; where that cannot be had, they
# are skipped and the last lines say so.
set -uo pipefail
cd "$(dirname "$0")/.."

# Optimised, as what is released, but quicker to build, with assertions, and with names in the reports.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_STRIP=none
export CARGO_PROFILE_RELEASE_DEBUG=line-tables-only CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true

host=$(rustc -vV | sed -n 's/^host: //p')
results=()
failed=0

# Runs a tool and notes how it went: `check NAME COMMAND...`.
check() {
  local name=$1 started=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    results+=("$name: passed in $((SECONDS - started)) s")
  else
    results+=("$name: FAILED")
    failed=1
  fi
}

# Whether nightly has what a tool needs: `nightly NAME COMPONENT...`.
nightly() {
  local name=$1
  shift
  if rustup toolchain list 2>/dev/null | grep -q '^nightly' || rustup toolchain install nightly --profile minimal; then
    rustup component add --toolchain nightly "$@" && return 0
  fi
  results+=("$name: skipped, no nightly toolchain with $*")
  return 1
}

loom() {
  local tests=()
  for file in crates/core/tests/loom_*.rs; do tests+=(--test "$(basename "$file" .rs)"); done
  RUSTFLAGS='--cfg loom' CARGO_TARGET_DIR=target/loom cargo test --release -p miou-core "${tests[@]}"
}

# Time is the machine's own, since parks are bounded by it; rustix passes a pointer to futex as an integer. crossbeam's epochs
# keep the rules of Tree Borrows, and not those of Stacked Borrows (crossbeam's pull request 996). What they are to free when the
# process ends is never freed, and would count as leaked.
miri() {
  MIRIFLAGS='-Zmiri-disable-isolation -Zmiri-permissive-provenance -Zmiri-tree-borrows -Zmiri-ignore-leaks' \
    CARGO_TARGET_DIR=target/miri cargo +nightly miri test -p miou-core --lib --test stress
}

# The standard library is built with the sanitizer too: what it synchronises would be unknown to it otherwise.
tsan() {
  RUSTFLAGS=-Zsanitizer=thread CARGO_TARGET_DIR=target/tsan TSAN_OPTIONS=halt_on_error=1 \
    cargo +nightly test --release -Zbuild-std --target "$host" -p miou-core --test stress
}

for tool in "${@:-all}"; do
  case $tool in loom | miri | tsan | all) ;; *) echo "usage: npm/verify.sh [loom] [miri] [tsan]" >&2; exit 2 ;; esac
done
wanted() { case " ${chosen[*]} " in *" $1 "* | *" all "*) return 0 ;; *) return 1 ;; esac; }
chosen=("${@:-all}")

if wanted loom; then check loom loom; fi
if wanted miri && nightly Miri miri rust-src; then check Miri miri; fi
if wanted tsan && nightly ThreadSanitizer rust-src; then check ThreadSanitizer tsan; fi

printf '\n'
printf '%s\n' "${results[@]}"
exit "$failed"
