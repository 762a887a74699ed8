"""Makes the Parquet fixtures of the corpus package with pyarrow.

Usage, from the repository root: python scripts/parity/parquet-corpus.py
Row i of each holds "Story i: café 🐉\\n" + "word " * (i % 5) in the column `text`; every 7th row is null, every 11th empty. The file `nested` has
the same text within structs, and as the second of the two turns of a conversation.
"""

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 500


def text(i):
    if i % 7 == 0:
        return None
    if i % 11 == 0:
        return ""
    return f"Story {i}: café 🐉\n" + "word " * (i % 5)


table = pa.table(
    {
        "id": pa.array(range(ROWS), pa.int64()),
        "text": pa.array([text(i) for i in range(ROWS)], pa.string()),
        "latin1": pa.array([b"ok", b"caf\xe9"] * (ROWS // 2), pa.binary()),
        "tags": pa.array([["a", "b"]] * ROWS, pa.list_(pa.string())),
    }
)

for codec in ["snappy", "gzip", "zstd", "lz4"]:
    pq.write_table(
        table,
        f"test/fixtures/parquet-corpus-{codec}.parquet",
        compression=codec,
        row_group_size=128,
        data_page_size=1024,
        use_dictionary=codec == "gzip",
    )

nested = pa.table(
    {
        "data": pa.array(
            [None if i % 13 == 0 else {"lang": "en", "part": {"text": text(i)}} for i in range(ROWS)],
            pa.struct([("lang", pa.string()), ("part", pa.struct([("text", pa.string())]))]),
        ),
        "flat.text": pa.array([f"Flat {i}" for i in range(ROWS)], pa.string()),
        "messages": pa.array(
            [[{"role": "user", "content": f"Tell story {i}"}, {"role": "assistant", "content": text(i)}] for i in range(ROWS)],
            pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())])),
        ),
    }
)
pq.write_table(nested, "test/fixtures/parquet-corpus-nested.parquet", compression="snappy", row_group_size=128)
