/** @file Tests of how messages become a prompt. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { afterAll, expect, test } from 'vitest';
import { ApiError } from './api-error.ts';
import { type ChatMessage, jinjaTemplate, loadChatTemplate, plainTemplate } from './chat-template.ts';

const messages: ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hi' },
];

const CHATML =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

test('without a template of its own, a model reads turns as training texts of conversations have them', () => {
  expect(plainTemplate.render(messages)).toBe('system: Be brief.\n\nuser: Hi\n\nassistant:');
  expect(plainTemplate.stop).toContain('\n\nuser:');
});

const folder = mkdtempSync(join(tmpdir(), 'chat-template-'));
afterAll(() => rmSync(folder, { recursive: true }));
const load = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return loadChatTemplate(join(folder, name));
};
const jinja = (source: string) => jinjaTemplate({ source, tokens: {} });

test('a template of the hub is followed', () => {
  expect(jinja(CHATML).render(messages)).toBe(
    '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n',
  );
});

test('a tokenizer_config.json gives its template and the tokens that it names', async () => {
  const config = {
    chat_template: '{{ bos_token }}{{ messages[0].content }}{{ eos_token }}',
    bos_token: '<s>',
    eos_token: { content: '</s>' },
  };
  const template = await load('tokenizer_config.json', JSON.stringify(config));
  expect(template.render(messages)).toBe('<s>Be brief.</s>');
  const several = {
    ...config,
    chat_template: [{ name: 'default', template: '{{ messages | length }} {{ messages[0].content }}' }],
  };
  expect((await load('several.json', JSON.stringify(several))).render(messages)).toBe('2 Be brief.');
  expect((await load('chat_template.jinja', '{{ messages[1].content or messages[0].content }}')).render(messages)).toBe(
    'Hi',
  );
});

test('a template is told how much to think where it asks for that', () => {
  const template = jinja(
    "{# tools #}{{ messages[0].content }} {{ reasoning_effort | default('medium') }} {{ enable_thinking }}",
  );
  expect(template.render(messages, { effort: 'high', thinks: false })).toBe('Be brief. high false');
  expect(template.render(messages)).toBe('Be brief. medium true');
  expect([...template.names].sort()).toEqual(['content', 'default', 'enable_thinking', 'messages', 'reasoning_effort']);
  expect(jinja(CHATML).names).not.toContain('enable_thinking');
});

test('messages that a template refuses are the fault of who sends them', () => {
  const template = jinja("{{ raise_exception('Roles have to alternate') }}");
  expect(() => template.render(messages)).toThrow(ApiError);
  expect(() => template.render(messages)).toThrow('Roles have to alternate');
});

test('a file that is no template, or writes nothing of what is said, is refused before anybody asks', async () => {
  await expect(load('README.md', '# A model\n\nIt {is} small.')).rejects.toThrow('this is no chat template');
  await expect(load('count.jinja', '{{ messages | length }}')).rejects.toThrow('without what the user said');
  await expect(load('broken.jinja', '{{ messages[0].content')).rejects.toThrow('is not understood');
  await expect(load('refuses.jinja', "{{ raise_exception('never') }}")).rejects.toThrow('never');
});

test('what is no template is an error', async () => {
  expect(() => jinja('{% for %}')).toThrow(UserError);
  await expect(load('empty.json', '{}')).rejects.toThrow('the field chat_template');
  await expect(load('cut.json', '{')).rejects.toThrow('cannot be read');
  await expect(loadChatTemplate(join(folder, 'none.jinja'))).rejects.toThrow('cannot be read');
  await expect(loadChatTemplate(join(folder, 'none.json'))).rejects.toThrow('no such file');
});
