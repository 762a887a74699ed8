import { expect, test } from 'vitest';
import { tokensBeforeText } from './read-post-processor.ts';

const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
const text = { Sequence: { id: 'A', type_id: 0 } };
const byteLevel = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true };

test.each([
  ['nothing', null, []],
  ['bytes alone, as Qwen’s', byteLevel, []],
  ['a template', { type: 'TemplateProcessing', single: [special('<s>'), text], special_tokens: {} }, ['<s>']],
  ['a template that puts one behind', { type: 'TemplateProcessing', single: [text, special('</s>')] }, []],
  [
    'a template within a sequence, as Llama 3’s',
    {
      type: 'Sequence',
      processors: [byteLevel, { type: 'TemplateProcessing', single: [special('<b>'), text, special('<e>')] }],
    },
    ['<b>'],
  ],
  [
    'a template whose token stands for two',
    {
      type: 'TemplateProcessing',
      single: [special('begin'), text],
      special_tokens: { begin: { id: 'begin', ids: [1, 2], tokens: ['[gMASK]', '<sop>'] } },
    },
    ['[gMASK]', '<sop>'],
  ],
  ['RoBERTa’s', { type: 'RobertaProcessing', sep: ['</s>', 2], cls: ['<s>', 0] }, ['<s>']],
])('of %s', (_, postProcessor, expected) => {
  expect(tokensBeforeText(postProcessor)).toEqual(expected);
});
