/** @file What the two tiers say to each other. Whoever holds the weights plans where keys and values lie; workers do as they are told. */
import { UserError } from '@arrowsmith/errors';
import type { DecoderConfig, KvPrecision } from '@arrowsmith/model';
import type { PassMemory, PassPlan } from '../engine/pass-plan.ts';
import { decodeTable, encodeTable, type MessageTable, type Vectors } from './message-table.ts';

/** Rows to be copied, of the size that a layer's have. */
export interface LayerRows {
  layer: number;
  from: number;
  to: number;
  rows: number;
}

/** To a worker. Only `attend` is answered; what comes after another message finds that done. `pool` names one of the memories that a worker has. */
export type Order =
  | {
      kind: 'open';
      pool: number;
      config: DecoderConfig;
      memory: PassMemory;
      elements: number;
      precision: KvPrecision;
    }
  | { kind: 'close'; pool: number }
  /** Within the memory, one after the other. */
  | { kind: 'copy'; pool: number; rows: readonly LayerRows[] }
  /** Keeps rows outside of the memory, `to` places of their own; puts some back, `from` there; forgets them. */
  | { kind: 'keep' | 'restore'; pool: number; kept: number; rows: readonly LayerRows[] }
  | { kind: 'forget'; pool: number; kept: number }
  /** What the next `attend` orders are about. */
  | { kind: 'plan'; pool: number; pass: number; plan: PassPlan }
  /** Keeps a layer's own keys and values of a pass's tokens, and attends over what is kept of their sequences. */
  | { kind: 'attend'; pool: number; pass: number; layer: number; queries: Vectors; own: OwnVectors | undefined };

export interface OwnVectors {
  k: Vectors;
  v: Vectors;
}

/** From a worker. */
export type Answer =
  | { kind: 'ready' }
  | { kind: 'attended'; pool: number; pass: number; layer: number; attended: Vectors }
  /** In place of `attended`: the worker goes on, but that pass is none. */
  | { kind: 'failed'; pool: number; pass: number; layer: number; message: string };

export function encodeOrder(order: Order): Uint8Array[] {
  const { kind, pool } = order;
  switch (kind) {
    case 'open': {
      const { config, memory, elements, precision } = order;
      const places = { layers: memory.layers, blockSize: memory.blockSize };
      const scalars = { pool, elements, precision, config: JSON.stringify(config), memory: JSON.stringify(places) };
      return encodeTable(kind, { scalars });
    }
    case 'close':
      return encodeTable(kind, { scalars: { pool } });
    case 'copy':
      return encodeTable(kind, { scalars: { pool }, integers: rowColumns(order.rows) });
    case 'keep':
    case 'restore':
      return encodeTable(kind, { scalars: { pool, kept: order.kept }, integers: rowColumns(order.rows) });
    case 'forget':
      return encodeTable(kind, { scalars: { pool, kept: order.kept } });
    case 'plan':
      return encodeTable(kind, { scalars: { pool, pass: order.pass }, ...planColumns(order.plan) });
    case 'attend': {
      const { pass, layer, queries, own } = order;
      return encodeTable(kind, { scalars: { pool, pass, layer }, vectors: { q: queries, ...own } });
    }
  }
}

/** @throws UserError for whatever is no order */
export function decodeOrder(bytes: Uint8Array): Order {
  const table = decodeTable(bytes);
  const { kind } = table;
  const pool = numberIn(table, 'pool');
  switch (kind) {
    case 'open':
      return {
        kind,
        pool,
        config: jsonIn(table, 'config') as DecoderConfig,
        memory: jsonIn(table, 'memory') as PassMemory,
        elements: numberIn(table, 'elements'),
        precision: textIn(table, 'precision') as KvPrecision,
      };
    case 'close':
      return { kind, pool };
    case 'copy':
      return { kind, pool, rows: rowsIn(table) };
    case 'keep':
    case 'restore':
      return { kind, pool, kept: numberIn(table, 'kept'), rows: rowsIn(table) };
    case 'forget':
      return { kind, pool, kept: numberIn(table, 'kept') };
    case 'plan':
      return { kind, pool, pass: numberIn(table, 'pass'), plan: planIn(table) };
    case 'attend': {
      const { k, v } = table.vectors;
      const own = k === undefined || v === undefined ? undefined : { k, v };
      const [pass, layer] = [numberIn(table, 'pass'), numberIn(table, 'layer')];
      return { kind, pool, pass, layer, queries: vectorsIn(table, 'q'), own };
    }
  }
  throw unexpected(table, 'an order to a worker');
}

export function encodeAnswer(answer: Answer): Uint8Array[] {
  if (answer.kind === 'ready') return encodeTable(answer.kind, {});
  const { kind, pool, pass, layer } = answer;
  const scalars = { pool, pass, layer };
  if (kind === 'attended') return encodeTable(kind, { scalars, vectors: { attended: answer.attended } });
  return encodeTable(kind, { scalars: { ...scalars, message: answer.message } });
}

/** @throws UserError for whatever is no answer */
export function decodeAnswer(bytes: Uint8Array): Answer {
  const table = decodeTable(bytes);
  const { kind } = table;
  if (kind === 'ready') return { kind };
  const request = { pool: numberIn(table, 'pool'), pass: numberIn(table, 'pass'), layer: numberIn(table, 'layer') };
  if (kind === 'attended') return { kind, ...request, attended: vectorsIn(table, 'attended') };
  if (kind === 'failed') return { kind, ...request, message: textIn(table, 'message') };
  throw unexpected(table, 'an answer of a worker');
}

const ROW_COLUMNS = ['layer', 'from', 'to', 'rows'] as const;

const rowColumns = (rows: readonly LayerRows[]) =>
  Object.fromEntries(ROW_COLUMNS.map((name) => [name, Int32Array.from(rows, (each) => each[name])]));

function rowsIn(table: MessageTable): LayerRows[] {
  const [layer, from, to, rows] = ROW_COLUMNS.map((name) => integersIn(table, name)) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  return Array.from(rows, (count, i) => ({
    layer: layer[i] ?? 0,
    from: from[i] ?? 0,
    to: to[i] ?? 0,
    rows: count,
  }));
}

/** A row for each sequence. */
function planColumns(plan: PassPlan): Pick<MessageTable, 'integers' | 'lists'> {
  const groups = plan[0]?.groups ?? [];
  return {
    integers: {
      tokens: Int32Array.from(plan, ({ tokens }) => tokens),
      length: Int32Array.from(plan, ({ length }) => length),
    },
    lists: Object.fromEntries(
      groups.flatMap((_, group) =>
        (['blocks', 'slots'] as const).map((name) => [
          `${name} ${group}`,
          plan.map((member) => member.groups[group]?.[name] ?? new Int32Array(0)),
        ]),
      ),
    ),
  };
}

function planIn(table: MessageTable): PassPlan {
  const [tokens, lengths] = [integersIn(table, 'tokens'), integersIn(table, 'length')];
  const groups = Object.keys(table.lists).length / 2;
  return Array.from(tokens, (count, i) => ({
    tokens: count,
    length: lengths[i] ?? 0,
    groups: Array.from({ length: groups }, (_, group) => ({
      blocks: listIn(table, `blocks ${group}`, i),
      slots: listIn(table, `slots ${group}`, i),
    })),
  }));
}

function numberIn(table: MessageTable, name: string): number {
  const value = Number(table.scalars[name] ?? NaN);
  if (Number.isSafeInteger(value)) return value;
  throw unexpected(table, `an integer ${name}`);
}

function textIn(table: MessageTable, name: string): string {
  const value = table.scalars[name];
  if (value === undefined) throw unexpected(table, `${name}`);
  return String(value);
}

function jsonIn(table: MessageTable, name: string): unknown {
  try {
    return JSON.parse(textIn(table, name));
  } catch {
    throw unexpected(table, `JSON of the ${name}`);
  }
}

const integersIn = (table: MessageTable, name: string): Int32Array => columnIn(table, table.integers[name], name);

const listIn = (table: MessageTable, name: string, row: number): Int32Array =>
  columnIn(table, table.lists[name]?.[row], name);

const vectorsIn = (table: MessageTable, name: string): Vectors => columnIn(table, table.vectors[name], name);

function columnIn<T>(table: MessageTable, column: T | undefined, name: string): T {
  if (column === undefined) throw unexpected(table, `a column ${name}`);
  return column;
}

const unexpected = ({ kind, scalars, integers, lists, vectors }: MessageTable, expected: string): UserError =>
  new UserError({
    what: 'a process of the other tier says what nobody asked for',
    expected,
    found: `"${kind}" with ${[scalars, integers, lists, vectors].flatMap(Object.keys).join(', ') || 'nothing'}`,
    fix: 'both tiers have to be of one version',
  });
