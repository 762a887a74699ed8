/** @file Tests of the plots as they are written: every slot can be filled, every plot can be told within bounds. */

import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, test } from 'vitest';
import { phrases } from '../phrases.ts';
import { isTable, tell, type Plot, type Row, type Source, type Table } from '../story.ts';
import { walk, type Template } from '../template.ts';
import { plots } from './index.ts';

/** Every row that may play each role of a plot. */
function possibleRows(plot: Plot): Map<string, Table> {
  const possible = new Map<string, Table>();
  for (const [role, source] of plot.cast) possible.set(role, rowsOf(source, possible));
  return possible;
}

function rowsOf(source: Source, possible: ReadonlyMap<string, Table>): Table {
  if (isTable(source)) return source;
  if (typeof source === 'string' || source.type !== 'of') return [{ name: source }];
  const { role, field } = source;
  return (possible.get(role) ?? []).flatMap((row) => row[field] as Table);
}

/** Slots that some row leaves empty, found by following every slot into every row that may fill it. */
function emptySlots(plot: Plot): Set<string> {
  const possible = possibleRows(plot);
  const empty = new Set<string>();
  const seen = new Set<string>();
  const visit = (template: Template): void => {
    for (const node of walk(template)) {
      if (node.type !== 'slot' || seen.has(`${node.role}.${node.field}`)) continue;
      seen.add(`${node.role}.${node.field}`);
      const phrase: Row | undefined = phrases.get(node.role);
      for (const row of possible.get(node.role) ?? (phrase ? [phrase] : [{ name: '' }])) {
        const value = row[node.field];
        if (value === undefined || value === '' || isTable(value)) empty.add(`${node.role}.${node.field}`);
        else visit(value);
      }
    }
  };
  visit(plot.text);
  for (const [, source] of plot.cast) {
    if (typeof source === 'string' || (!isTable(source) && source.type !== 'of')) visit(source);
  }
  return empty;
}

test('there are at least forty plots, each with a name of its own', () => {
  expect(plots.length).toBeGreaterThanOrEqual(40);
  expect(new Set(plots.map(({ name }) => name)).size).toBe(plots.length);
});

describe.each(plots.map((plot) => [plot.name, plot] as const))('the plot "%s"', (_name, plot) => {
  test('has something for every slot, whichever rows are drawn', () => {
    expect([...emptySlots(plot)]).toEqual([]);
  });

  test('begins by casting a hero', () => {
    expect(plot.cast.map(([role]) => role)).toContain('hero');
  });

  test('uses every role that it casts', () => {
    const used = new Set<string>();
    const possible = possibleRows(plot);
    const visit = (template: Template) => {
      for (const node of walk(template)) if (node.type === 'slot') used.add(node.role);
    };
    visit(plot.text);
    for (const row of phrases.values()) visit(row.name);
    for (const [, source] of plot.cast) {
      if (typeof source !== 'string' && !isTable(source) && source.type === 'of') used.add(source.role);
    }
    for (const rows of possible.values()) {
      for (const row of rows) for (const value of Object.values(row)) if (!isTable(value)) visit(value);
    }
    expect(plot.cast.map(([role]) => role).filter((role) => !used.has(role))).toEqual([]);
  });

  test('is told in 500 to 1,500 characters most of the time, in 3 to 8 paragraphs', () => {
    const random = xoroshiro128plus(7);
    const stories = Array.from({ length: 200 }, () => tell(plot, phrases, (n) => uniformInt(random, 0, n - 1)));
    const fitting = stories.filter(({ length }) => length >= 500 && length <= 1500);
    expect(fitting.length).toBeGreaterThanOrEqual(100);
    for (const story of stories) {
      const paragraphs = story.split('\n\n').length;
      expect(paragraphs).toBeGreaterThanOrEqual(3);
      expect(paragraphs).toBeLessThanOrEqual(8);
    }
  });
});
