/** @file Tests of how messages become a prompt. */
import { UserError } from '@arrowsmith/errors';
import { expect, test } from 'vitest';
import { ApiError } from './api-error.ts';
import { type ChatMessage, jinjaTemplate, plainTemplate, readChatTemplate } from './chat-template.ts';

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

test('a template of the hub is followed', () => {
  expect(jinjaTemplate(CHATML).render(messages)).toBe(
    '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n',
  );
});

test('a tokenizer_config.json gives its template and the tokens that it names', () => {
  const config = {
    chat_template: '{{ bos_token }}{{ messages[0].content }}{{ eos_token }}',
    bos_token: '<s>',
    eos_token: { content: '</s>' },
  };
  expect(readChatTemplate(JSON.stringify(config), 'tokenizer_config.json').render(messages)).toBe('<s>Be brief.</s>');
  expect(readChatTemplate('{{ messages | length }}', 'chat_template.jinja').render(messages)).toBe('2');
});

test('messages that a template refuses are the fault of who sends them', () => {
  const template = jinjaTemplate("{{ raise_exception('Roles have to alternate') }}");
  expect(() => template.render(messages)).toThrow(ApiError);
  expect(() => template.render(messages)).toThrow('Roles have to alternate');
});

test('what is no template is an error', () => {
  expect(() => jinjaTemplate('{% for %}')).toThrow(UserError);
  expect(() => readChatTemplate('{}', 'tokenizer_config.json')).toThrow('the field chat_template');
  expect(() => readChatTemplate('{', 'tokenizer_config.json')).toThrow('no JSON');
});
