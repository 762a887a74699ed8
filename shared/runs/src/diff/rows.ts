/** @file Rows of two tables as multisets: what one has more than the other. */
import { createHash } from 'node:crypto';
import { readBatches, type RecordBatch } from '@arrowsmith/artifacts';
import type { RowsDiff } from './diff.ts';

/** Rows that are shown. */
const EXAMPLES = 3;

/** Characters of a row that are shown. */
const SHOWN = 160;

/** Columns that only count rows: a document that is removed changes the numbers of all that follow. */
const POSITIONS: Record<string, readonly string[]> = { documents: ['index'], vocabulary: ['id'], merges: ['rank'] };

/** @throws UserError when a table cannot be read */
export async function diffRows(kind: string, pathA: string, pathB: string): Promise<RowsDiff> {
  const surplus = new Map<string, number>(); // rows of a − rows of b, by digest
  const count = async (path: string, by: 1 | -1): Promise<{ rows: number; order: string }> => {
    let rows = 0;
    const order = createHash('sha256');
    for await (const { digest } of digests(kind, path)) {
      surplus.set(digest, (surplus.get(digest) ?? 0) + by);
      order.update(digest);
      rows++;
    }
    return { rows, order: order.digest('hex') };
  };
  const [a, b] = [await count(pathA, 1), await count(pathB, -1)];
  let [added, removed] = [0, 0];
  for (const [digest, difference] of surplus) {
    if (difference > 0) removed += difference;
    else if (difference < 0) added -= difference;
    else surplus.delete(digest);
  }
  return {
    a: a.rows,
    b: b.rows,
    added,
    removed,
    reordered: added + removed === 0 && a.order !== b.order,
    examples: {
      added: added === 0 ? [] : await examples(kind, pathB, (digest) => (surplus.get(digest) ?? 0) < 0),
      removed: removed === 0 ? [] : await examples(kind, pathA, (digest) => (surplus.get(digest) ?? 0) > 0),
    },
  };
}

async function examples(kind: string, path: string, wanted: (digest: string) => boolean): Promise<string[]> {
  const found: string[] = [];
  for await (const { digest, batch, row } of digests(kind, path)) {
    if (!wanted(digest)) continue;
    const text = JSON.stringify(batch.get(row)!.toJSON(), (_, value: unknown) => readable(value));
    found.push(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
    if (found.length === EXAMPLES) break;
  }
  return found;
}

/** Lists as arrays, byte strings as text, 64-bit integers as numbers. */
function readable(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value === 'object' && value !== null && 'toArray' in value)
    return Array.from((value as { toArray(): Iterable<unknown> }).toArray());
  return value;
}

async function* digests(
  kind: string,
  path: string,
): AsyncGenerator<{ digest: string; batch: RecordBatch; row: number }> {
  for await (const batch of readBatches(path, kind, { anyColumns: true })) {
    const names = batch.schema.fields.map(({ name }) => name).filter((name) => !POSITIONS[kind]?.includes(name));
    const columns = names.sort().map((name) => batch.getChild(name)!);
    for (let row = 0; row < batch.numRows; row++) {
      const hash = createHash('sha256');
      for (const column of columns) hash.update(bytesOf(column.get(row))).update('\0');
      yield { digest: hash.digest('base64').slice(0, 22), batch, row };
    }
  }
}

function bytesOf(value: unknown): string | Uint8Array {
  if (ArrayBuffer.isView(value)) return bytesOfView(value);
  if (typeof value !== 'object' || value === null) return `${typeof value} ${String(value)}`;
  const elements = 'toArray' in value ? (value as { toArray(): unknown }).toArray() : value;
  return ArrayBuffer.isView(elements)
    ? bytesOfView(elements)
    : JSON.stringify(elements, (_, inner: unknown) => readable(inner));
}

const bytesOfView = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
