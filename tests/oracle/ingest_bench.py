"""The peers of `deno task bench ingest`: a CSV in, a Parquet file out.

Usage: ingest_bench.py pandas|polars|duckdb INPUT.csv[.gz] OUTPUT.parquet snappy|zstd

Prints one line of JSON: CPU seconds, peak resident bytes, rows and versions.
"""

import json
import resource
import sys


def with_pandas(source, target, compression):
    import pandas
    import pyarrow
    frame = pandas.read_csv(source)
    frame.to_parquet(target, compression=compression)
    return len(frame), f"pandas {pandas.__version__}, pyarrow {pyarrow.__version__}"


def with_polars(source, target, compression):
    import polars
    frame = polars.read_csv(source)
    frame.write_parquet(target, compression=compression)
    return len(frame), f"polars {polars.__version__}"


def with_duckdb(source, target, compression):
    import duckdb
    # Notes are longer than the 2 MB that a line may have by default.
    rows = duckdb.execute(
        f"COPY (FROM read_csv('{source}', header = true, max_line_size = 16777216)) "
        f"TO '{target}' (FORMAT parquet, COMPRESSION {compression})"
    ).fetchone()[0]
    return rows, f"DuckDB {duckdb.__version__}"


peer, source, target, compression = sys.argv[1:]
run = {"pandas": with_pandas, "polars": with_polars, "duckdb": with_duckdb}[peer]
rows, version = run(source, target, compression)
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "cpu": usage.ru_utime + usage.ru_stime,
    "peak": usage.ru_maxrss * 1024,
    "notes": rows,
    "version": version,
}))
