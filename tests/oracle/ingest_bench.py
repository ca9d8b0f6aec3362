"""The peer of `deno task bench ingest`: pandas read_csv, then to_parquet.

Usage: ingest_bench.py INPUT.csv[.gz] OUTPUT.parquet snappy|zstd

Prints one line of JSON: CPU seconds, peak resident bytes, rows and versions.
"""

import json
import resource
import sys

import pandas
import pyarrow

source, target, compression = sys.argv[1:]
frame = pandas.read_csv(source)
frame.to_parquet(target, compression=compression)
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "cpu": usage.ru_utime + usage.ru_stime,
    "peak": usage.ru_maxrss * 1024,
    "notes": len(frame),
    "version": f"pandas {pandas.__version__}, pyarrow {pyarrow.__version__}",
}))
