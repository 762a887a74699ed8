/** @file The table of fields beside what transformers' own classes say, versions 4 and 5; scripts/parity/config-defaults.py wrote the fixture. */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { UserError } from '@arrowsmith/errors';
import type { DecoderConfig } from '@arrowsmith/model';
import { describe, expect, test } from 'vitest';
import { architectures, configOfFields } from './architectures.ts';
import { configFields } from './config-fields.ts';
import { configTable, type ArchitectureName, type FieldRule } from './config-table.ts';
import { judgeUnread } from './unread-fields.ts';

type Json = Record<string, unknown>;

interface Described {
  fields: Record<string, { default: unknown; null: unknown }>;
  cases: { input: Json; output: Json }[];
}

const fixture = JSON.parse(readFileSync('test/fixtures/config-defaults.json', 'utf8')) as {
  versions: Record<string, string>;
  architectures: Record<ArchitectureName, Record<string, Described>>;
};

const names = Object.keys(configTable) as ArchitectureName[];
const tableOf = (name: ArchitectureName): Record<string, FieldRule> => configTable[name];
const isRefused = (meaning: unknown) => typeof meaning === 'object' && meaning !== null && 'refused' in meaning;

const read = (name: ArchitectureName, json: Json): DecoderConfig =>
  configOfFields(architectures.get(name)!, configFields(json, 'config.json', name));

/** What an import makes of a file, or the error that it ends with. */
function outcome(name: ArchitectureName, json: Json): DecoderConfig | UserError {
  try {
    return read(name, json);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

test('the fixture is of transformers 4 and 5, and of every architecture', () => {
  expect(Object.values(fixture.versions).map((version) => version.split('.')[0])).toEqual(['4', '5']);
  expect(Object.keys(fixture.architectures).sort()).toEqual([...names].sort());
  expect([...architectures.keys()].sort()).toEqual([...names].sort());
});

// `null` is given to a model in which every field counts.
const SMALL: Json = {
  vocab_size: 16,
  hidden_size: 16,
  intermediate_size: 16,
  num_hidden_layers: 6,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 8,
  max_position_embeddings: 64,
};
const SMALL_OF: Partial<Record<ArchitectureName, Json>> = {
  Gemma3nForCausalLM: { num_kv_shared_layers: 1 },
  Qwen3MoeForCausalLM: { num_experts: 4, num_experts_per_tok: 2 },
};

describe.each(names.flatMap((name) => ['4', '5'].map((version) => ({ name, version }))))(
  '$name of transformers $version',
  ({ name, version }) => {
    const { fields, cases } = fixture.architectures[name][version]!;

    test('has no field that is neither in the table nor known to be without meaning', () => {
      const unknown = Object.keys(fields).filter(
        (field) => !Object.hasOwn(tableOf(name), field) && judgeUnread(name, field, 1) === 'unknown',
      );
      expect(unknown.filter((field) => field !== 'sliding_window_pattern')).toEqual([]);
    });

    test('has the defaults of the table', () => {
      const ours = Object.entries(tableOf(name)).filter(([field]) => Object.hasOwn(fields, field));
      const defaults = ours.map(([field, rule]) => [field, rule.default]);
      expect(Object.fromEntries(defaults)).toEqual(
        Object.fromEntries(ours.map(([field]) => [field, fields[field]!.default])),
      );
    });

    /** Whether null is refused where one of the versions refuses it, or means the same as there. */
    const agreesOnNull = (field: string): boolean => {
      const small = { ...SMALL, ...SMALL_OF[name] };
      const made = outcome(name, { ...small, [field]: null });
      const meanings = Object.values(fixture.architectures[name]).map((described) => described.fields[field]?.null);
      if (made instanceof UserError) return meanings.some((meaning) => meaning === undefined || isRefused(meaning));
      const meaning = fields[field]!.null;
      // Where transformers leaves null, what it means shows in no field; where it makes rotary parameters of it, in others.
      if (isRefused(meaning) || meaning === null || field.startsWith('rope_')) return true;
      return isDeepStrictEqual(made, read(name, { ...small, [field]: meaning }));
    };

    test('takes null for what the table does, or refuses it', () => {
      const known = Object.keys(fields).filter((field) => Object.hasOwn(tableOf(name), field));
      expect(known.filter((field) => !agreesOnNull(field))).toEqual([]);
    });

    test.each(cases)('makes of $input what it makes of the whole configuration', ({ input, output }) => {
      // The whole says null for what is not there.
      const whole = Object.fromEntries(Object.entries(output).filter(([, value]) => value !== null));
      const nulls = Object.keys(output).filter((field) => output[field] === null && tableOf(name)[field]?.nullable);
      const spelled = { ...whole, ...Object.fromEntries(nulls.map((field) => [field, null])) };
      expect(read(name, input)).toEqual(read(name, spelled));
    });
  },
);

describe('nulls that mean something', () => {
  const gemma2 = { hidden_size: 64, num_attention_heads: 4, num_hidden_layers: 2 };
  const caps = (json: Json) => {
    const config = read('Gemma2ForCausalLM', json);
    return [config.logitSoftCap, config.layers[0]!.attention.softCap];
  };

  test('caps of Gemma 2: none for null, transformers’ own for nothing', () => {
    expect(caps(gemma2)).toEqual([30, 50]);
    expect(caps({ ...gemma2, final_logit_softcapping: null })).toEqual([0, 50]);
    expect(caps({ ...gemma2, attn_logit_softcapping: null })).toEqual([30, 0]);
    expect(caps({ ...gemma2, final_logit_softcapping: 4, attn_logit_softcapping: 2 })).toEqual([4, 2]);
  });

  test('heads of keys and values: as many as queries have for null, the class’s number for nothing', () => {
    const kvHeads = (json: Json) => read('Qwen2ForCausalLM', json).layers[0]!.attention.kvHeads;
    expect(kvHeads({ hidden_size: 128, num_attention_heads: 64 })).toBe(32);
    expect(kvHeads({ hidden_size: 128, num_attention_heads: 64, num_key_value_heads: null })).toBe(64);
  });

  test('Mistral’s window: none for null, 4096 for nothing', () => {
    const window = (json: Json) => read('MistralForCausalLM', json).layers.map(({ attention }) => attention.window);
    expect(window({ num_hidden_layers: 2 })).toEqual([4096, 4096]);
    expect(window({ num_hidden_layers: 2, sliding_window: null })).toEqual([0, 0]);
  });
});
