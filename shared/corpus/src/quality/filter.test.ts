/** @file Filters: each rule alone, on texts just inside and just outside its limit. */

import { expect, test } from 'vitest';
import { filterParameters } from './filter-parameters.ts';
import type { FilterParameters } from './filter-parameters.ts';
import { documentFilter } from './filter.ts';

const broken = (rules: FilterParameters, text: string) =>
  documentFilter(filterParameters.parse(rules))(text, Buffer.byteLength(text));

test.each<[FilterParameters, string, string]>([
  [{ minimumBytes: 4 }, 'aéb', 'aé'],
  [{ maximumBytes: 3 }, 'aé', 'aéb'],
  [{ minimumLetterShare: 0.5 }, 'ab 12', 'a 12'],
  [{ minimumLetterShare: 1 }, '猫は 猫', '猫は、'],
  [{ maximumRepeatedLineShare: 0.25 }, 'a\nb\n\nc\n a', 'a\nb\na\n\n\n'],
  [{ maximumRepeatedNgramShare: 0.19 }, 'a b c d e a b c d', 'a b c d a b c d'],
  [{ maximumCharacterRun: 3 }, 'aaa      aaa', 'a----'],
  [{ maximumLineLength: 3 }, 'abc\nabc', 'ab\nabcd'],
  [{ maximumMeanLineLength: 2 }, 'abc\na\nab', 'abc\nab'],
  [{ keywords: ['cat', 'dog'] }, 'a dog', 'a Cat'],
])('%j keeps %j and drops %j', (rules, kept, dropped) => {
  expect(broken(rules, kept)).toBeUndefined();
  expect(broken(rules, dropped)).toBe(Object.keys(rules)[0]);
});

test.each([
  ['import pandas', true],
  ['x = 1\nimport pandas as pd', true],
  ['try:\n    import os, pandas.io', true],
  ['from pandas import DataFrame', true],
  ['from pandas.io.json import x', true],
  ['import matplotlib.pyplot as plt', true],
  ['from matplotlib import pyplot', false],
  ['import pandas_extras', false],
  ['import geopandas', false],
  ['# import pandas', false],
  ['important = "pandas"', false],
  ['from mine import pandas', false],
])('%j uses pandas or matplotlib.pyplot: %s', (source, uses) => {
  expect(broken({ libraries: ['pandas', 'matplotlib.pyplot'] }, source)).toBe(uses ? undefined : 'libraries');
});

test('a document that breaks several rules is told by one', () => {
  expect(broken({ keywords: ['cat'], minimumBytes: 9 }, 'dog')).toBe('minimumBytes');
});

test('no rules keep everything', () => expect(broken({}, '')).toBeUndefined());
