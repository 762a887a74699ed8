/** @file Tests of the plots as they are written: every slot can be filled, every person is called by the right pronouns. */

import { describe, expect, test } from 'vitest';
import { phrases } from '../phrases.ts';
import { randomOf } from '../random.ts';
import { tell } from '../story.ts';
import { grammarProblems } from '../text-checks.ts';
import { defaultCast } from '../world.ts';
import { plots } from './index.ts';

const world = { cast: defaultCast, phrases };

test('there are at least thirty plots, each with a name of its own', () => {
  expect(plots.length).toBeGreaterThanOrEqual(30);
  expect(new Set(plots.map(({ name }) => name)).size).toBe(plots.length);
});

describe.each(plots.map((plot) => [plot.name, plot] as const))('the plot "%s"', (_name, plot) => {
  // Telling throws where a slot has nothing that fills it, or a table has no row left.
  const told = Array.from({ length: 500 }, (_, index) => tell(plot, world, randomOf(7, index)));

  test('is free of mistakes that a lint can find', () => {
    expect(told.flatMap(({ text }) => grammarProblems(text)).slice(0, 5)).toEqual([]);
  });

  test('is told in 350 to 980 characters often enough, in 3 to 6 paragraphs', () => {
    const fitting = told.filter(({ text: { length } }) => length >= 350 && length <= 980);
    expect(fitting.length).toBeGreaterThanOrEqual(told.length / 3);
    for (const { text } of told) {
      expect(text.split('\n\n').length).toBeGreaterThanOrEqual(3);
      expect(text.split('\n\n').length).toBeLessThanOrEqual(6);
    }
  });

  test('uses every role that it casts', () => {
    const used = new Set(told.flatMap(({ roles }) => [...roles.keys()]));
    expect([...plot.cast.keys()].filter((role) => !used.has(role))).toEqual([]);
  });

  test('calls nobody "he" where there are only girls and women, nor "she" among boys and men', () => {
    const without = (pronoun: string) =>
      told.filter(({ roles }) => [...roles.values()].every((row) => row['he'] !== pronoun)).map(({ text }) => text);
    expect(without('he').filter((text) => /\b(?:he|him|his|himself)\b/i.test(text))).toEqual([]);
    expect(without('she').filter((text) => /\b(?:she|her|hers|herself)\b/i.test(text))).toEqual([]);
  });

  test('names the hero in most long paragraphs', () => {
    const paragraphs = told.flatMap(({ text, roles }) =>
      text.split('\n\n').map((paragraph) => ({ paragraph, name: roles.get('hero')!.name as string })),
    );
    const long = paragraphs.filter(({ paragraph }) => paragraph.length > 160);
    expect(long.filter(({ paragraph, name }) => paragraph.includes(name)).length / long.length).toBeGreaterThan(0.7);
  });
});
