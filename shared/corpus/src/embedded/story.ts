/** @file The state of a story: who and what plays which role; and how a plot becomes a story. */

import { compile, finish, render, type Teller, type Template } from './template.ts';

/** One thing of the story's world, or one person: its `name` and whatever else a plot may say of it. */
export interface Row {
  readonly name: Template;
  readonly [field: string]: Template | Table;
}

/** Rows of the same shape, one of which is drawn. */
export type Table = readonly Row[];

/**
 * Where the row for a role comes from: a table; a template, rendered once so that the whole story keeps the choice
 * (a favourite color); or a table that belongs to the row of an earlier role (the hiding places of the house).
 */
export type Source = Table | Template | { readonly type: 'of'; readonly role: string; readonly field: string };

/** A kind of story: the roles in the order in which they are filled, and the text in which they appear. */
export interface Plot {
  readonly name: string;
  readonly cast: readonly (readonly [role: string, source: Source])[];
  readonly text: Template;
}

type RowSource = Readonly<Record<string, string | Table>>;

/** Compile rows as they are written, either records of templates or bare names. */
export function table(rows: readonly (string | RowSource)[]): Table {
  return rows.map((row) => {
    if (typeof row === 'string') return { name: compile(row) };
    const fields = Object.entries(row).map(([field, value]) => [
      field,
      typeof value === 'string' ? compile(value) : value,
    ]);
    return { name: '', ...(Object.fromEntries(fields) as Record<string, Template | Table>) };
  });
}

/** The table in a field of the row that plays an earlier role. */
export function of(role: string, field: string): Source {
  return { type: 'of', role, field };
}

/** Compile a plot as it is written: strings in the cast and the text are templates. */
export function plot(name: string, cast: Readonly<Record<string, Source>>, text: string): Plot {
  const compiled = Object.entries(cast).map(
    ([role, source]) => [role, typeof source === 'string' ? compile(source) : source] as const,
  );
  return { name, cast: compiled, text: compile(text) };
}

/**
 * Tell a story: fill the roles, then render the text.
 *
 * @param phrases what every plot may say, one row per name; a role of the same name hides it
 * @param below a uniformly random integer in [0, n): the only source of variety
 */
export function tell(plan: Plot, phrases: ReadonlyMap<string, Row>, below: (n: number) => number): string {
  const roles = new Map<string, Row>();
  const lookupField = (role: string, field: string): Template | Table => {
    const value = (roles.get(role) ?? phrases.get(role))?.[field];
    if (value === undefined) throw new Error(`plot "${plan.name}": nothing fills {${role}.${field}}`);
    return value;
  };
  const teller: Teller = { below, lookup: (role, field) => lookupField(role, field) as Template };

  for (const [role, source] of plan.cast) {
    if (isTable(source)) roles.set(role, drawUnlike(roles, source, below));
    else if (typeof source !== 'string' && source.type === 'of')
      roles.set(role, drawUnlike(roles, lookupField(source.role, source.field) as Table, below));
    else roles.set(role, { name: render(source, teller) });
  }
  return finish(render(plan.text, teller));
}

/** Whether a field or a source is a table rather than a template. */
export function isTable(value: Source): value is Table {
  return Array.isArray(value);
}

/** A random row whose name no other role has: from a random start, the first that is free. */
function drawUnlike(roles: ReadonlyMap<string, Row>, rows: Table, below: (n: number) => number): Row {
  const start = below(rows.length);
  const taken = new Set([...roles.values()].map((row) => row.name));
  for (let offset = 0; offset < rows.length; offset++) {
    const row = rows[(start + offset) % rows.length]!;
    if (!taken.has(row.name)) return row;
  }
  throw new Error(`every row is taken: ${rows.map((row) => JSON.stringify(row.name)).join(', ')}`);
}
