/** The small files that exist only in the bundle. */

/** `./nano-med-gpt TASK [flags]`: the bundled Deno on the bundled code, never the network. */
export const launcher = `#!/bin/sh
# Runs a task of this bundle with its own Deno and its own packages. Nothing is downloaded.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
export DENO_DIR="$here/cache" DENO_NO_UPDATE_CHECK=1 NANO_MED_GPU=native
usage='Usage: nano-med-gpt train --gpu [flags] | bench kernels|step [flags] | test kernels'
task=$1
[ $# -gt 0 ] && shift
case "$task" in
  train)
    case " $* " in
      *" --gpu "* | *" --help "*) ;;
      *) echo "error: This bundle trains on a GPU only; add --gpu" >&2; exit 2 ;;
    esac
    exec "$here/deno" run -A --no-prompt --cached-only --config "$here/deno.json" \\
      "$here/pipeline/train/main.ts" "$@" ;;
  bench)
    exec "$here/deno" run -A --no-prompt --cached-only --config "$here/deno.json" \\
      "$here/tests/bench/main.ts" "$@" ;;
  test)
    [ "$1" = kernels ] && shift
    exec "$here/deno" test -A --no-prompt --no-check --cached-only --config "$here/deno.json" \\
      "$here/tests/kernels/" "$@" ;;
  "" | --help | -h) echo "$usage" ;;
  *) echo "error: No task $task; $usage" >&2; exit 2 ;;
esac
`;

/** Stands for each package that the bundle leaves out. */
export const missingPackage = `throw new Error(
  "left out of this bundle, which trains on GPUs only; use the full repository for the rest",
);
export {};
`;

export const readme = (deno: string) =>
  `Nano Med GPT for a GPU server without internet (x86-64 Linux with a Vulkan driver).

  ./nano-med-gpt test kernels      do all kernels compute what they should on this GPU?
  ./nano-med-gpt bench kernels     how fast, as a share of what the GPU can do?
  ./nano-med-gpt bench step        the same of a whole training step; both write JSON and tables
  ./nano-med-gpt train --gpu       trains on data/processed (from "deno task tokenize"); see --help

The file "deno" is Deno ${deno} (MIT licence, https://deno.com), unchanged.
`;
