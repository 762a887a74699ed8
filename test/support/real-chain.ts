/** @file The real stages in a temporary folder, without Nx: to give them bad input and look at what they leave. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  implementStage,
  loadDeclaration,
  loadStage,
  openWorkspace,
  runStage,
  type StageOutcome,
  type Stage,
  type StageContext,
  type Workspace,
} from '@arrowsmith/pipeline';
import { expect } from 'vitest';
import { REPOSITORY } from './workspace.ts';

export const TEXT = Array.from({ length: 60 }, (_, i) => `The ${i % 7} small cats sat on ${i % 5} mats and sang.`).join(
  '\n***\n',
);

/** What each stage reads in the usual chain, by port. */
const READS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  tokenizer: { corpus: ['download'] },
  chunk: { corpus: ['download'], tokenizer: ['tokenizer'] },
  train: { tokenizer: ['tokenizer'], rows: ['chunk'], model: [] },
  extract: { model: ['train'] },
  quantize: { model: ['train'] },
  evaluate: { tokenizer: ['tokenizer'], rows: ['chunk'], models: ['train', 'quantize'] },
  export: { tokenizer: ['tokenizer'], model: ['train'], adapter: [], measurements: [], corpus: [] },
  adapt: { tokenizer: ['tokenizer'], rows: ['chunk'], model: ['train'] },
  merge: { model: ['train'], adapter: ['adapt'] },
  'import-adapter': { model: ['train'] },
};

/** Parameters with which the whole chain runs on TEXT in seconds. */
export const PARAMETERS = {
  download: { source: { type: 'file', path: 'text.txt', separator: '***' } },
  tokenizer: { vocabularySize: 280 },
  chunk: { contextLength: 16 },
  train: { steps: 2, batchSize: 2, model: { hiddenSize: 16, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 16 } },
  quantize: {},
  evaluate: { sampling: [{ temperature: 0, maximumTokens: 2 }] },
};

export type StageName =
  keyof typeof PARAMETERS | 'extract' | 'import' | 'export' | 'adapt' | 'merge' | 'import-adapter';

/** A step that is not the usual one of its stage. */
export interface OtherStep {
  step?: string;
  /** By port, what it reads instead. */
  reads?: Readonly<Record<string, readonly string[]>>;
}

/** A pipeline `bad`, whose text is `text.txt`. */
export interface RealChain {
  workspace: Workspace;
  /** What stages have said. */
  printed: string[];
  /** Writes a file of the workspace. */
  write(file: string, content: string | Uint8Array): void;
  /** Runs a stage with parameters changed; `instead` takes the place of what the stage does. */
  run(
    name: StageName,
    changes?: object,
    instead?: (context: StageContext<never>) => Promise<object>,
    other?: OtherStep,
  ): Promise<StageOutcome>;
  /** Runs the stages up to and including one. */
  runUntil(last: StageName): Promise<void>;
  remove(): void;
}

export function realChain(): RealChain {
  const workspace = openWorkspace(mkdtempSync(join(tmpdir(), 'bad-input-')), {});
  const chain: RealChain = {
    workspace,
    printed: [],
    write: (file, content) => writeFileSync(join(workspace.root, file), content),
    async run(name, changes = {}, instead, { step = name, reads = {} } = {}) {
      const declaration = await loadDeclaration(REPOSITORY, name);
      return runStage({
        workspace,
        pipeline: 'bad',
        step,
        reads: { ...READS[name], ...reads },
        declaration,
        load: async () =>
          instead ? (implementStage(declaration, instead as never) as Stage) : loadStage(REPOSITORY, name),
        parameters: { ...(PARAMETERS as Partial<Record<StageName, object>>)[name], ...changes },
        code: 'test',
        signal: new AbortController().signal,
        print: (line) => chain.printed.push(line),
      });
    },
    async runUntil(last) {
      for (const name of Object.keys(PARAMETERS) as StageName[]) {
        await chain.run(name);
        if (name === last) return;
      }
    },
    remove: () => rmSync(workspace.root, { recursive: true }),
  };
  chain.write('text.txt', TEXT);
  return chain;
}

/** Expects an error for people with all these parts and what to do, and no trace of an artifact of the stage. */
export async function expectError(
  { workspace }: RealChain,
  /** Name of the step. */
  stage: string,
  running: Promise<unknown>,
  ...parts: RegExp[]
): Promise<void> {
  const error = await running.then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  expect(error?.name, String(error?.stack)).toBe('UserError');
  for (const part of parts) expect(error!.message).toMatch(part);
  expect(error!.message).toMatch(/to do: +\S/);
  expect(existsSync(join(workspace.root, 'artifacts/bad', stage))).toBe(false);
  for (const folder of ['work', 'locks']) {
    const path = join(workspace.store, folder);
    expect(existsSync(path) ? readdirSync(path) : []).toEqual([]);
  }
}
