import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TextModel } from '@arrowsmith/generation';
import { tinyParts, useTinyBackend } from '../../../generation/src/text/testing/tiny-model.ts';
import { ChatSession } from '../chat/chat-session.ts';
import type { ChatInput } from './chat-input.ts';
import { WrittenSettings } from './chat-settings.ts';
import { converse } from './converse.ts';

let model: TextModel;
beforeAll(async () => {
  await useTinyBackend();
  model = new TextModel(tinyParts(96));
});
afterAll(() => model.dispose());

/** What is written and told when these lines are typed. @param stopAt after so many pieces Ctrl-C is pressed */
async function typed(lines: readonly string[], stopAt = Infinity) {
  const written: string[] = [];
  const told: string[] = [];
  const rest = [...lines];
  let stop = (): void => undefined;
  const input: ChatInput = {
    isTerminal: false,
    next: () => Promise.resolve(rest.shift()),
    during(stopAnswer, f) {
      stop = stopAnswer;
      return f();
    },
    close: () => rest.splice(0),
  };
  const settings = new WrittenSettings({ seed: '1', length: '5' }, true);
  const session = new ChatSession(model, settings.read());
  const put = (piece: string): void => {
    written.push(piece);
    if (written.length === stopAt) stop();
  };
  await converse(input, { session, settings, tell: (note) => void told.push(note), put }, new AbortController().signal);
  return { text: written.join(''), told: told.join('\n'), session, settings };
}

describe('lines that are typed', () => {
  test('are continued, with what was typed before them', async () => {
    const { text, session } = await typed(['', 'abc', '']);
    expect(session.turns.map(({ said }) => said)).toEqual(['abc', '']);
    const [first, second] = session.turns;
    expect(text).toBe(`abc${first?.answer}\n${second?.answer}\n`);
  });

  test('may begin with a slash where there are two', async () => {
    expect((await typed(['//abc'])).session.turns[0]?.said).toBe('/abc');
  });

  test('are answered until Ctrl-C', async () => {
    const { session, told } = await typed(['/set length 60', 'abc'], 4);
    expect(told).toContain('stopped');
    expect(session.turns[0]?.tokens.length).toBeLessThan(60);
  });
});

describe('commands', () => {
  test('change settings for the next answer', async () => {
    const { session, told } = await typed([
      '/set length 3',
      '/SET',
      'abc',
      '/set length',
      '/set topp 0.5',
      '/settings',
    ]);
    expect(session.turns[0]?.tokens).toHaveLength(3);
    expect(told).toContain('length: 3');
    expect(told).toContain('length: until the context is full');
    expect(told).toMatch(/topP +0\.5/);
    expect(told).toContain('there is no command /SET');
  });

  test('of thoughts have the limit of the command line to begin with', () => {
    expect(new WrittenSettings({}, true, 'off').read().thinking).toBe('off');
    const settings = new WrittenSettings({}, true, '256');
    expect(settings.list()).toContainEqual(['thinking', '256']);
    expect(settings.read().thinking).toBe(256);
    expect(() => new WrittenSettings({}, true, 'sometimes').read()).toThrow('thinking is not understood');
    expect(() => new WrittenSettings({}, false, 'off')).toThrow('no thoughts that could be limited');
  });

  test('refuse what cannot be, and leave all as it was', async () => {
    const lines = [
      '/set temperature hot',
      '/set tempreature 1',
      '/set thinking sometimes',
      '/set',
      '/save',
      '/settigns',
    ];
    const { told, settings } = await typed(lines);
    expect(told).toContain('--temperature=hot is not understood');
    expect(told).toContain('did you mean temperature?');
    expect(told).toContain('/set thinking 256');
    expect(told).toContain('no name of a file');
    expect(told).toContain('did you mean /settings?');
    expect(settings.read()).toMatchObject({ temperature: 0.8, seed: 1 });
  });

  test('limit thoughts, and let stop strings gather', async () => {
    const { settings } = await typed(['/set thinking 8', '/set stop \\n', '/set stop The end']);
    expect(settings.read()).toMatchObject({ thinking: 8, stop: ['\n', 'The end'] });
    expect((await typed(['/set thinking off'])).settings.read().thinking).toBe('off');
  });

  test('take back, forget, and end', async () => {
    expect((await typed(['abc', '/undo', 'def'])).session.turns.map(({ said }) => said)).toEqual(['def']);
    expect((await typed(['abc', '/reset'])).session.turns).toEqual([]);
    expect((await typed(['/exit', 'abc'])).session.turns).toEqual([]);
    expect((await typed(['/help'])).told).toContain('/save <file>');
  });

  test('save what was said', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'chat-')), 'story.txt');
    const { session } = await typed(['abc', `/save ${file}`]);
    expect(readFileSync(file, 'utf8').trim()).toBe(session.text().trim());
  });
});
