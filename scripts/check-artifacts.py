"""Checks that other tools can read a pipeline's artifacts, and that they find in them what the manifests promise.

Usage: python scripts/check-artifacts.py artifacts/<pipeline> [--documents=N]
       python scripts/check-artifacts.py artifacts/runs
Needs: Python 3.11, pip install pyarrow; where they are installed, polars and duckdb read every table too, and tokenizers checks
tokenizer.json and decodes the first N documents (10,000 by default) of each split from their ids.

Prints one line per table; exits with 1 when a check fails.
"""

import argparse
import hashlib
import importlib.util
import json
import math
import sys
from itertools import islice
from pathlib import Path

try:
    import pyarrow as pa
    import pyarrow.compute as pc
except ImportError:
    sys.exit("pyarrow is not installed: pip install pyarrow (and, as you like, polars duckdb tokenizers)")

# By kind: the version of its schema, and its columns. `npm run schema` makes the file from shared/artifacts/src/tables/kinds.ts.
KINDS = json.loads(Path(__file__).with_name("artifact-kinds.json").read_text("utf-8"))
SENTENCE = "Once upon a time, a café's 3 cats — 猫猫猫 🐈 — couldn't   sleep.\n\n\tThe end"


class Failure(Exception):
    """A check that failed, in one line."""


def require(condition, message):
    if not condition:
        raise Failure(message)


def installed(name):
    return importlib.util.find_spec(name) is not None


def sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_table(path, name, rows):
    """Opens an Arrow file in every library there is. Returns its line of the report."""
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
        table.validate(full=True)
        metadata = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
        kind, version = metadata.get("kind"), metadata.get("version")
        check_schema(table.schema, kind, version)
        require(table.num_rows == rows, f"{table.num_rows} rows, the manifest says {rows}")
        for field, column in zip(table.schema, table.columns):
            require(field.nullable or column.null_count == 0, f"column {field.name} has nulls and may have none")
        if kind in ("tensors", "quantized-tensors"):
            check_tensors(table)
        readers = ["pyarrow", *(reader for reader in OTHER_READERS if OTHER_READERS[reader](path, table))]
        columns = ", ".join(f"{field.name}: {field.type}" for field in table.schema)
        return f"ok  {name:27} {f'{kind} v{version}':22} {table.num_rows:>9,} rows  {'+'.join(readers)}  {columns}"


def check_schema(schema, kind, version):
    """A table has the version and the columns of its kind."""
    require(kind in KINDS, f"kind is {kind}, expected one of {', '.join(KINDS)}")
    expected = KINDS[kind]["version"]
    require(version == expected, f"version of {kind} is {version}, expected {expected}")
    columns = [column for column in KINDS[kind]["columns"] if column["name"] in schema.names or not column.get("optional")]
    names = [column["name"] for column in columns]
    require(schema.names == names, f"columns of {kind} are {', '.join(schema.names)}, expected {', '.join(names)}")
    for field, column in zip(schema, columns):
        known = column["type"] is None or str(field.type) == column["type"]
        require(known, f"column {field.name} of {kind} is {field.type}, expected {column['type']}")
        require(field.nullable == column["nullable"], f"column {field.name} of {kind} may {'' if field.nullable else 'not '}be null")


def check_tensors(table):
    """The values of each tensor fill its shape and are finite."""
    names, shapes = table["name"].to_pylist(), table["shape"].to_pylist()
    # The column that holds a tensor: named by `format` where there are several.
    columns = table["format"].to_pylist() if "format" in table.column_names else ["values"] * table.num_rows
    for row, (name, shape, column) in enumerate(zip(names, shapes, columns)):
        values = table[column][row].values
        require(len(values) == math.prod(shape), f"{name} has {len(values)} values and the shape {shape}")
        require(pc.all(pc.is_finite(values)).as_py(), f"{name} is not finite")


def read_with_polars(path, table):
    if not installed("polars"):
        return False
    import polars

    frame = polars.read_ipc(path)
    require(frame.equals(polars.from_arrow(table)), "polars reads other values than pyarrow")
    return True


def read_with_duckdb(path, table):
    if not installed("duckdb"):
        return False
    import duckdb

    relation = duckdb.from_arrow(table)
    require(relation.columns == table.column_names, f"duckdb reads the columns {relation.columns}")
    for column in relation.columns:
        nulls = relation.aggregate(f'count(*) - count("{column}")').fetchall()[0][0]
        require(nulls == table[column].null_count, f"duckdb finds {nulls} nulls in {column}")
    return True


OTHER_READERS = {"polars": read_with_polars, "duckdb": read_with_duckdb}


def column_values(path, column):
    """The values of a column, one record batch in memory at a time."""
    with pa.memory_map(str(path)) as source:
        reader = pa.ipc.open_file(source)
        for index in range(reader.num_record_batches):
            yield from reader.get_batch(index).column(column).to_pylist()


def check_tokenizer(folder):
    """tokenizer.json gives a sentence back and agrees with vocabulary.arrow. Returns the tokenizer and its line of the report."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = tokenizer.encode(SENTENCE).ids
    decoded = tokenizer.decode(ids, skip_special_tokens=False)
    require(decoded == SENTENCE, f"the test sentence came back as {decoded!r}")
    texts = list(column_values(folder / "vocabulary.arrow", "text"))
    highest = max(tokenizer.get_vocab().values())  # some ids of an imported tokenizer are not used
    require(highest == len(texts) - 1, f"the highest id is {highest}, vocabulary.arrow has {len(texts)} rows")
    for token, text in enumerate(texts):
        decoded = tokenizer.decode([token], skip_special_tokens=False)
        require(decoded == text, f"token {token} is {decoded!r}, in vocabulary.arrow {text!r}")
    return tokenizer, f"ok  {'tokenizer/tokenizer.json':27} {len(texts):,} tokens; a sentence of {len(ids)} tokens comes back unchanged"


def documents_of_ids(path, end_of_text):
    """Undoes the laying out in rows: the predictions that count, one after the other, are the documents, each with `end_of_text` behind it."""
    with pa.memory_map(str(path)) as source:
        packed = pa.ipc.open_file(source).schema.metadata[b"mode"] == b"packed"
    last, document = end_of_text, []
    for row, first, length in zip(*(column_values(path, column) for column in ("tokens", "first", "length"))):
        require(not packed or row[0] == last, f"a row begins with id {row[0]}, the one before ended with {last}")
        for token in row[first + 1 : length + 1]:
            if token == end_of_text:
                yield document
                document = []
            else:
                document.append(token)
        last = row[length]
    require(not document, "the last document does not end with the end of text")


def check_documents(folder, split, tokenizer, limit):
    """The ids of a split decode to its documents, and are those that the tokenizer gives for them. Returns the line of the report."""
    manifest = json.loads((folder / "tokenizer" / "manifest.json").read_text("utf-8"))
    end_of_text = tokenizer.token_to_id(manifest["metadata"]["endOfText"])
    special = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
    texts = column_values(folder / "download" / f"{split}.arrow", "text")
    encoded = documents_of_ids(folder / "chunk" / f"{split}.arrow", end_of_text)
    pairs = zip(texts, encoded, strict=True)
    count = 0
    for text, ids in islice(pairs, limit):
        decoded = tokenizer.decode(ids, skip_special_tokens=False)
        require(decoded == text, f"document {count} decodes to {decoded[:60]!r}…, expected {text[:60]!r}…")
        if not any(content in text for content in special):  # the library takes the spelling of a special token for the token
            require(tokenizer.encode(text).ids == ids, f"document {count} is encoded otherwise by tokenizers")
        count += 1
    require(count > 0, "no documents")
    return f"ok  {f'chunk/{split}.arrow':27} its ids decode to {count:,} documents of download/{split}.arrow"


def check_bytes(folder, split):
    """The bytes of all rows are those of all documents: the denominator of bits per byte."""
    def total(stage):
        with pa.memory_map(str(folder / stage / f"{split}.arrow")) as source:
            return pc.sum(pa.ipc.open_file(source).read_all()["bytes"]).as_py()

    documents, rows = total("download"), total("chunk")
    require(documents == rows, f"the rows stand for {rows} bytes, the documents are {documents}")
    return f"ok  {f'chunk/{split}.arrow':27} its rows stand for the {rows:,} bytes of download/{split}.arrow"


def check_ledger(folder):
    """Every file of the runs ledger is a table of one schema; together, DuckDB and polars see each run once. Yields lines of the report."""
    tables = []
    for path in sorted(folder.glob("*.arrow")):
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
        table.validate(full=True)
        metadata = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
        require(metadata.get("kind") == "runs", f"{path.name} says {metadata}")
        check_schema(table.schema, "runs", metadata.get("version"))
        if path.name.startswith("packed-"):
            require(path.stem == f"packed-{sha256(path)[:16]}", f"{path.name} has the sha256 {sha256(path)[:16]}…")
        readers = ["pyarrow", *(reader for reader in OTHER_READERS if OTHER_READERS[reader](path, table))]
        tables.append(table)
        yield f"ok  {path.name:34} {table.num_rows:>7,} rows  {'+'.join(readers)}"
    require(tables, f"there are no runs in {folder}")
    runs = pa.concat_tables(tables, promote_options="default")
    ids = len(set(runs["id"].to_pylist()))
    for metrics, stages in zip(runs["metrics"].to_pylist(), runs["stages"].to_pylist()):
        names = [stage["stage"] for stage in stages]
        require(len(set(names)) == len(names) > 0, f"stages {names}")
        require(all(metric["stage"] in names for metric in metrics), "a metric of no stage")
        for stage in stages:
            for key, value in stage.items():
                require(not key.endswith("Json") or json.loads(value) is not Ellipsis, key)
    if installed("polars"):
        import polars

        frame = polars.from_arrow(runs).sort("revision").unique("id", keep="last")
        require(frame.height == ids, f"polars sees {frame.height} runs, expected {ids}")
        frame.select("id", "metrics").explode("metrics").unnest("metrics")
    if installed("duckdb"):
        import duckdb

        found = duckdb.sql("select count(distinct id), count(m.value) from (select id, unnest(metrics) m from runs)").fetchall()[0]
        expected = sum(len(metrics) for metrics in runs["metrics"].to_pylist())
        require(found[1] == expected, f"duckdb sees {found[1]} metrics, expected {expected}")
    yield f"ok  {ids:,} runs, the newest of {max(runs['finishedAt'].to_pylist()):%Y-%m-%d %H:%M}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="artifacts/<pipeline>")
    parser.add_argument("--documents", type=int, default=10_000, help="documents of each split to decode (default 10,000)")
    arguments = parser.parse_args()
    folder = arguments.folder
    if folder.name == "runs":
        try:
            for line in check_ledger(folder):
                print(line)
        except Failure as failure:
            sys.exit(f"FAIL  {failure}")
        return
    manifests = sorted(folder.glob("*/manifest.json"))
    if not manifests:
        parser.error(f"there are no artifacts in {folder}; run the pipeline: npx nx run pipeline:{folder.name}")

    failures = 0

    def attempt(name, check, *args):
        """Runs a check and prints its line; what goes wrong is reported and the next check goes on."""
        nonlocal failures
        try:
            result = check(*args)
            print(result[1] if isinstance(result, tuple) else result)
            return result
        except Exception as error:  # whatever a library says about a file is the finding
            failures += 1
            print(f"FAIL  {name}: {error if isinstance(error, Failure) else f'{type(error).__name__}: {error}'}")
            return None

    def check_file(path, name, entry):
        require(path.exists(), "missing, though the manifest names it")
        require(sha256(path) == entry["sha256"], "its sha256 is not the manifest's")
        if path.suffix == ".arrow":
            return check_table(path, name, entry["rows"])
        return f"ok  {name:27} {entry['bytes']:,} bytes"

    stages, runs = {}, {}
    for manifest in manifests:
        stage = manifest.parent.name
        stages[stage] = json.loads(manifest.read_text("utf-8"))
        for file, entry in stages[stage]["files"].items():
            attempt(f"{stage}/{file}", check_file, folder / stage / file, f"{stage}/{file}", entry)
        # What was measured on the way is no part of the artifact; run.json names it.
        record = folder / stage / "run.json"
        run = json.loads(record.read_text("utf-8")) if record.exists() else {}
        runs[stage] = run
        for file, entry in run.get("measured", {}).items():
            attempt(f"{stage}/{file}", check_file, folder / stage / file, f"{stage}/{file}", entry)

    splits = ("train", "validation") if {"download", "chunk"} <= stages.keys() else ()
    for split in splits:
        attempt(f"chunk/{split}.arrow", check_bytes, folder, split)
    if "tokenizer" in stages and installed("tokenizers"):
        checked = attempt("tokenizer/tokenizer.json", check_tokenizer, folder / "tokenizer")
        for split in splits if checked else ():
            if split == "train" and runs["chunk"].get("parameters", {}).get("shuffle", False) is not False:
                print("not checked whether chunk/train.arrow decodes to download/train.arrow, whose documents are shuffled (chunk.shuffle)")
                continue
            attempt(f"chunk/{split}.arrow", check_documents, folder, split, checked[0], arguments.documents)
    for library in ("polars", "duckdb", "tokenizers"):
        if not installed(library):
            print(f"not checked with {library}, which is not installed")
    if failures:
        sys.exit(f"{failures} {'check' if failures == 1 else 'checks'} failed")


main()
