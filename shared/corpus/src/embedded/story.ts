/** @file Plots and the tables of who and what plays their roles; how a plot becomes a story. */

import type { RandomBelow } from './random.ts';
import { render, type World } from './render.ts';
import { compile, finish, type Template } from './template.ts';

/** One thing of the story's world, or one person: its `name` and whatever else a plot may say of it. */
export interface Row {
  readonly name: Template;
  readonly [field: string]: Template | Table;
}

/** Rows of the same shape, one of which is drawn. */
export type Table = readonly Row[];

/**
 * Where the row for a role comes from: a table; a template, rendered once so that the whole story keeps the choice
 * (a favourite color); or a table that belongs to the row of another role (the hiding places of the house).
 */
export type Source = Table | Template | { readonly type: 'of'; readonly role: string; readonly field: string };

/** A kind of story: the roles that it fills in its own way, and the text in which roles appear. */
export interface Plot {
  readonly name: string;
  readonly cast: ReadonlyMap<string, Source>;
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

/** The table in a field of the row that plays another role. */
export function of(role: string, field: string): Source {
  return { type: 'of', role, field };
}

/** Compile a cast as it is written: strings are templates. */
export function cast(sources: Readonly<Record<string, Source>>): ReadonlyMap<string, Source> {
  return new Map(
    Object.entries(sources).map(([role, source]) => [role, typeof source === 'string' ? compile(source) : source]),
  );
}

/** Compile a plot as it is written: strings in the cast and the text are templates. */
export function plot(name: string, roles: Readonly<Record<string, Source>>, text: string): Plot {
  return { name, cast: cast(roles), text: compile(text) };
}

/**
 * Tell a story: render the text, filling each role when it is first needed. What a row's field says is decided once, so
 * that a ball that is red stays red; what a phrase says is decided each time.
 *
 * @param below a uniformly random integer in [0, n): the only source of variety
 * @returns the text, and who plays each role that occurs
 */
export function tell(plan: Plot, world: World, below: RandomBelow): { text: string; roles: ReadonlyMap<string, Row> } {
  const roles = new Map<string, Row>();
  const discourse = { last: new Map<string, string>(), mentions: new Map<string, number>(), speaker: undefined };
  const text = render({ plan, world, below, roles, decided: new Map(), discourse }, plan.text);
  return { text: finish(text), roles };
}

/** Whether a field or a source is a table rather than a template. */
export function isTable(value: Source): value is Table {
  return Array.isArray(value);
}
