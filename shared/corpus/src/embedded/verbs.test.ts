/** @file Tests of the forms of verbs. */

import { expect, test } from 'vitest';
import { places } from './lexicon/places.ts';
import { pastimes } from './lexicon/things.ts';
import { wildPlaces } from './lexicon/wild.ts';
import type { Table } from './story.ts';
import { acts, ingOf, pastOf } from './verbs.ts';

test.each([
  ['build a tower', 'built a tower', 'building a tower'],
  ['climb a tree', 'climbed a tree', 'climbing a tree'],
  ['chase the wind', 'chased the wind', 'chasing the wind'],
  ['skip stones', 'skipped stones', 'skipping stones'],
  ['tie a bow', 'tied a bow', 'tying a bow'],
  ['carry wood', 'carried wood', 'carrying wood'],
  ['play', 'played', 'playing'],
  ['see the sea', 'saw the sea', 'seeing the sea'],
])('%s, %s, %s', (name, past, ing) => {
  const [verb] = name.split(' ');
  expect([pastOf(verb!), ingOf(verb!)]).toEqual([past.split(' ')[0], ing.split(' ')[0]]);
});

test('a source with choices is a row for each combination', () => {
  expect(acts('pick [red|ripe] [plums|pears]').map(({ past }) => past)).toEqual([
    'picked red plums',
    'picked red pears',
    'picked ripe plums',
    'picked ripe pears',
  ]);
});

test('every verb of the stories has a past tense that is a word', () => {
  const all = [...pastimes, ...[...places, ...wildPlaces].flatMap((place) => place['acts'] as Table)];
  const verbs = new Set(all.map(({ name }) => (name as string).split(' ')[0]!));
  const irregular = [...verbs].filter((verb) => !pastOf(verb).endsWith('ed')).map(pastOf);
  expect(irregular.sort()).toEqual(['built', 'caught', 'drew', 'dug', 'made', 'read', 'sang', 'slid', 'swung', 'told']);
});
