/** @file The command `arrowsmith` in a copy of the workspace, through processes: what it shows, and what it ends with. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lastRun } from './support/ledger.ts';
import { TINY_PIPELINE } from './support/tiny-pipeline.ts';
import { copyWorkspace, type Finished, REPOSITORY, type TestWorkspace } from './support/workspace.ts';

let workspace: TestWorkspace;
let withoutRun: Finished;
let first: Finished;

/** Runs `arrowsmith <args>`, as npm links it. */
const arrowsmith = (args: readonly string[], env: Record<string, string> = {}): Promise<Finished> =>
  workspace.start(['shared/cli/bin/arrowsmith.mjs', ...args], env).finished;

beforeAll(async () => {
  workspace = copyWorkspace();
  workspace.write('pipelines/tiny.yaml', TINY_PIPELINE);
  withoutRun = await arrowsmith(['generate']);
  first = await arrowsmith(['run', 'tiny']);
}, 180_000);
afterAll(() => workspace.remove());

test('where nothing was trained yet, generate says what to run', () => {
  expect(withoutRun.code).toBe(1);
  expect(withoutRun.output).toMatch(
    /error: there is no run that made a model yet[^]*to do: +npx nx run pipeline:tinystories/,
  );
});

test('a run shows what the stages say and the summary, and nothing of Nx', async () => {
  expect(first).toMatchObject({ code: 0 });
  const { run } = await lastRun(workspace);
  expect(first.output).toMatch(/^npx nx run pipeline:tiny\n/);
  expect(first.output).toMatch(/^train: done in/m);
  expect(first.output).toContain(`pipeline tiny · run ${run.id}`);
  const shown = first.output.replace(/^npx nx.*\n/, '');
  expect(shown).not.toMatch(/\bNX\b|> nx run|> node |Run duration|Successfully ran|Output of|NO_COLOR/);
});

test('export writes the model of a run as files of other programs, once; the stage of that name does so in a pipeline', async () => {
  workspace.write(
    'pipelines/exported.yaml',
    'description: a pipeline that exports\nextends: tiny\nsteps:\n  export: { inputs: { model: train }, format: llama2c }\n',
  );
  expect((await arrowsmith(['run', 'exported'])).output).toMatch(/as llama2\.c, f32/);
  expect(existsSync(join(workspace.root, 'artifacts/exported/export/model.bin'))).toBe(true);
  const gguf = await arrowsmith(['export', 'gguf', '--precision=f16', '--name=tiny']);
  expect(gguf).toMatchObject({ code: 0 });
  expect(gguf.output).toMatch(/tiny as llama, f16: artifacts\/exports\/tiny-gguf\n {2}tiny\.gguf/);
  for (const [option, ...rest] of [['--overwrite'], ['--shardSize=10kB', 'gguf'], ['--chatTemplate=x.jinja', 'web']]) {
    const refused = await arrowsmith(['export', ...rest, option!]);
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('does nothing here') });
  }
  const again = await arrowsmith(['export', 'gguf', '--name=tiny']);
  expect(again).toMatchObject({ code: 1, output: expect.stringContaining('is not empty') });
  const folder = await arrowsmith(['export', '--output=given']);
  expect(folder.output).toMatch(/as LlamaForCausalLM, f32: given\n {2}README\.md/);
  const card = workspace.read('given/README.md');
  expect(card).toMatch(/## Data\n\n\|/);
  expect(card).toMatch(/\| train \| [\d,]+ \| [\d.]+ \| [\d.]+ \| [\d.]+ \|/);
  const steps = [...card.matchAll(/^\| (\w+) \| `[0-9a-f]{64}` \|$/gm)].map(([, step]) => step);
  expect(steps).toEqual(['download', 'tokenizer', 'chunk', 'train']);
  const fromThere = await arrowsmith(['export', 'llama2c', '--folder=given', '--name=from-there']);
  expect(fromThere.output).toMatch(/from-there as llama2\.c[^]*model\.bin\n {2}tokenizer\.bin/);

  // One command says bits per byte of a text, by any of them.
  workspace.write('story.txt', 'The small cats sat on the mats, and sang. '.repeat(20));
  const evaluated = async (model: string) => {
    const { code, output } = await arrowsmith(['evaluate', model, '--text=story.txt', '--json']);
    expect(code, output).toBe(0);
    const { bitsPerByte, bytes, format } = JSON.parse(
      output.slice(output.indexOf('\n{'), output.lastIndexOf('}') + 1),
    ) as {
      bitsPerByte: number;
      bytes: number;
      format: string;
    };
    expect(bytes).toBe(840);
    return { bitsPerByte, format };
  };
  const own = await evaluated('latest');
  expect(own.bitsPerByte).toBeGreaterThan(1);
  const half = await evaluated('artifacts/exports/tiny-gguf/tiny.gguf');
  expect(half).toEqual({ bitsPerByte: expect.closeTo(own.bitsPerByte, 2), format: 'f16' });
  const none = await arrowsmith(['evaluate', './none.gguf', '--text=story.txt']);
  expect(none).toMatchObject({ code: 1, output: expect.stringContaining('no such folder or file') });
}, 180_000);

test('the three commands that a summary ends with work', async () => {
  const commands = [...first.output.matchAll(/^ {2}npx arrowsmith (.*?)(?: {3}|$)/gm)].map(([, command]) => command!);
  expect(commands).toEqual(['generate "Once upon a time"', 'report', 'run tiny --train.seed=2']);
  for (const command of commands) {
    const words = [...command.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
    expect(await arrowsmith(words), command).toMatchObject({ code: 0 });
  }
  expect(await arrowsmith(['compare'])).toMatchObject({ code: 0, output: expect.stringContaining('seed') });
}, 60_000);

test('generate continues a prompt: the same text for the same seed, also through Nx, and says how it ended', async () => {
  const options = ['--seed=7', '--length=12', '--temperature=1', '--topK=40', '--topP=0.95'];
  const { code, output } = await arrowsmith(['generate', 'Once upon', 'a time', ...options]);
  expect(code).toBe(0);
  expect(output).toMatch(
    /Once upon a time.*[^]*12 tokens, as many as asked for; prompt \d+ tokens, [\d,]+ tokens\/s; then [\d,]+ tokens\/s; the first after [\d.]+ s; run .*, train, seed 7/,
  );
  const text = /^Once upon a time[^]*?(?=\n\n12 tokens)/m.exec(output.replace(/^npx.*\n/, ''))![0];
  const drafts = ['--draft=prompt', '--draftTokens=3', '--cache=paged'];
  const throughNx = workspace.nx(['run', 'pipeline:generate', '--prompt=Once upon a time', ...options, ...drafts]);
  expect(throughNx.output).toContain(text);
  expect(throughNx.output).toMatch(/the first after [\d.]+ s; (\d+ of \d+ drafted tokens kept|no token was drafted)/);
  const quantized = await arrowsmith(['generate', '--model=int8', '--length=3', '--run=tiny@latest']);
  expect(quantized.output).toMatch(/3 tokens, as many as asked for[^]*, quantize, seed/);
}, 60_000);

test('generate writes samples side by side, in a form, and as JSON with log-probabilities', async () => {
  const both = await arrowsmith(['generate', 'Once', '--samples=2', '--seed=1', '--length=3', '--logprobs=1']);
  expect(both.output).toMatch(
    /sample 1 of 2\n\nOnce[^]*log-probability[^]*sample 2 of 2\n\nOnce[^]*6 tokens in 2 samples/,
  );
  const form = await arrowsmith(['generate', '--regex=(cat|dog)', '--seed=1']);
  expect(form.output).toMatch(/^(cat|dog)$/m);
  const { output } = await arrowsmith(['generate', 'Once', '--json', '--seed=1', '--length=3', '--logprobs=1']);
  const told = JSON.parse(/^\{[^]*?^\}/m.exec(output)?.[0] ?? '{}') as { samples: { logProbabilities: object[] }[] };
  expect(told).toMatchObject({ seed: 1, prompt: 'Once', samples: [{ finishReason: 'length', tokens: { length: 3 } }] });
  expect(told.samples[0]?.logProbabilities).toHaveLength(3);
}, 60_000);

test('the README’s example of the library runs in a project as npm makes it', async () => {
  const [, code = '', name = ''] = /```ts\n(\/\/ (\S+)\n[^]*?)```/.exec(workspace.read('README.md')) ?? [];
  expect(code).toContain('loadModel');
  workspace.write('own/package.json', '{ "name": "own", "version": "1.0.0", "type": "commonjs" }');
  workspace.write(`own/${name}`, code);
  const tsx = pathToFileURL(join(REPOSITORY, 'node_modules/tsx/dist/loader.mjs')).href;
  const args = ['--import', tsx, name];
  const { code: exit, output } = await workspace.start(args, {}, { folder: join(workspace.root, 'own') }).finished;
  expect(output).toMatch(/^perplexity \d/m);
  expect(exit).toBe(0);
}, 60_000);

test('generate reads the prompt that another program pipes in, also as a script of npm', async () => {
  const { scripts } = JSON.parse(workspace.read('package.json')) as { scripts: Record<string, string> };
  const [program, ...args] = scripts['generate']!.split(' ');
  expect(program).toBe('node');
  const { code, output } = await workspace.start([...args, '--length=2', '--json'], {}, { input: 'Once upon\n' })
    .finished;
  expect(code, output).toBe(0);
  expect(output).toContain('"prompt": "Once upon"');
  const given = await workspace.start([...args, 'The cat', '--length=2', '--json'], {}, { input: 'Once' }).finished;
  expect(given.output).toContain('"prompt": "The cat"');
}, 60_000);

test('chat reads lines, and ends with them', async () => {
  const { code, output } = await arrowsmith(['chat', '--seed=1']);
  expect(code).toBe(0);
  expect(output).toMatch(/run .*, train; context of 32 tokens; it continues what you type/);
});

test('a prompt longer than the context is cut at its beginning, which is said', async () => {
  const { code, output } = await arrowsmith(['generate', 'word '.repeat(100), '--length=2']);
  expect(code).toBe(0);
  expect(output).toMatch(/prompt 1 has \d+ tokens, of which the last \d+ are seen; the context holds 32/);
});

test.each([
  [['generate', '--topP=3'], /--topP=3 is not understood[^]*a number above 0 and of at most 1/],
  [['generate', '--length=0'], /a whole number of at least 1/],
  [['generate', '--folder=nowhere', '--model=int8'], /--folder alone/],
  [['generate', '--json-schema=nowhere.json'], /the JSON schema cannot be read/],
  [['chat', '--folder=nowhere'], /no such folder/],
  [['generate', '--modle=int8'], /unknown option --modle[^]*did you mean --model\?/],
  [['generate', '--model=extracted'], /has no model extracted[^]*--model=train or --model=quantize/],
  [['generate', '--run=nope'], /there is no run "nope"/],
  [['generate', '--pipeline=nope'], /no run of pipeline nope that made a model/],
  [['chat', '--draft=1/2'], /a nested model[^]*a model of one width/],
  [['serve', '--draftTokens=3'], /nobody drafts/],
  [['serve', '--cache=huge'], /--cache=huge[^]*contiguous, paged, heterogeneous/],
  [['serve', '--apiKey='], /this is no API key[^]*--apiKey/],
  [['serve', '--queue=-1'], /a whole number of at least 0/],
  [['serve', '--chatTemplate=README.md'], /this is no chat template[^]*README\.md/],
  [['serve', '--port=65536'], /a whole number from 0 to 65535/],
  [['serve', '--chatTemplate=nothere.json'], /nothere\.json/],
  [['watch', '--pipeline=nope'], /there is no pipeline "nope"[^]*one of [^]*tiny/],
  [['watch', '--pipeline=tniy'], /did you mean --pipeline=tiny\?/],
  [['report', 'latest', '--b=latest'], /named in one way[^]*--runs=latest,latest/],
  [['regression', '--markdown=gate.md'], /--markdown takes no value[^]*--markdown --output=gate\.md/],
  [['run', 'tniy'], /there is no pipeline "tniy"[^]*did you mean tiny\?/],
  [
    ['run', 'import:tiny'],
    /there is no step "import"[^]*one of download, tokenizer, chunk, train, quantize, evaluate\n/,
  ],
  [['run', 'trian:tiny'], /there is no step "trian"[^]*did you mean train:tiny\?/],
  [['run', 'tiny', '--train.stpes=3'], /unknown parameter "train\.stpes"/],
  [['run', 'tiny', 'train.steps=5'], /"train\.steps=5" is no flag[^]*did you mean --train\.steps=5\?/],
  [['run', 'train.steps=5', 'tiny'], /did you mean --train\.steps=5\?/],
  [['run', '--train.steps', '5', 'tiny', 'tiny'], /run tiny, then npx arrowsmith run tiny/],
  [['run', 'train.steps=5'], /nothing is said to be run/],
  [['run'], /nothing is said to be run[^]*tiny/],
  [['tiny'], /there is no command "tiny"[^]*npx arrowsmith run tiny/],
  [['cmpare'], /did you mean npx arrowsmith compare\?/],
  [['nope'], /there is no command "nope"[^]*to do: +npx arrowsmith help\n/],
  [['help', 'nope'], /there is no command, stage or pipeline "nope"[^]*a pipeline: [^]*lists commands/],
  [['help', 'cmpare'], /did you mean npx arrowsmith help compare\?/],
  [['generate', '--nope=1'], /unknown option --nope[^]*for example npx arrowsmith generate/],
  [['runs', 'tiny'], /arrowsmith runs takes options, and no words/],
])('arrowsmith %j is refused with what to do', async (args, message) => {
  const { code, output } = await arrowsmith(args);
  expect(output).toMatch(message);
  expect(output).toMatch(/to do: +\S/);
  expect(code).toBe(1);
});

test('help tells the parameters of commands, stages and pipelines; through Nx as well', async () => {
  expect((await arrowsmith([])).output).toMatch(/generate \["prompt"\][^]*compare/);
  expect((await arrowsmith(['help', '--help'])).output).toMatch(/help \[command\|stage\|pipeline\]/);
  expect((await arrowsmith(['--version'])).output).toMatch(/^\d+\.\d+\.\d+\n$/);
  for (const args of [
    ['help', 'compare'],
    ['compare', '--help'],
  ])
    expect((await arrowsmith(args)).output).toMatch(
      /^npx arrowsmith compare \[run run …\][^]*--a=<run> +\(default latest~1\)[^]*For example: npx arrowsmith compare latest~1 latest\nStands for: {2}npx nx run pipeline:compare$/m,
    );
  const evaluate = await arrowsmith(['help', 'evaluate']);
  expect(evaluate.output).toContain('has parameters of its own: npx arrowsmith help evaluate:tinystories');
  expect((await arrowsmith(['help', 'evaluate:tinystories'])).output).toMatch(/--prompts=/);
  expect((await arrowsmith(['help', 'train'])).output).toMatch(/--steps=<integer>[^]*--optimizer\.learningRate/);
  expect((await arrowsmith(['run', 'tiny', '--help'])).output).toMatch(/arrowsmith run tiny \[--<step>\.<parameter>/);
  const { output } = workspace.nx(['run', 'pipeline:compare', '--help']);
  expect(output).toMatch(/--a=<run> +\(default latest~1\)/);
}, 60_000);

test('the help of every command has an example of options that it knows, in words of its own, and says what it stands for', async () => {
  const names = [...(await arrowsmith(['help'])).output.matchAll(/^ {2}([a-z]+)(?: |$)/gm)].map(([, name]) => name!);
  expect(names).toEqual(expect.arrayContaining(['generate', 'compare', 'runs', 'doctor', 'regression', 'gc']));
  const commands = names.filter((name) => !['run', 'help'].includes(name));
  const pages = await Promise.all(commands.map((name) => arrowsmith([name, '--help'])));
  for (const [i, { output }] of pages.entries()) {
    const [, example = ''] = /^For example: (.*)$/m.exec(output) ?? [];
    expect(example, output).toMatch(new RegExp(`^npx arrowsmith ${commands[i]}( |$)`));
    expect(output).toMatch(/^Stands for: {2}np(x nx run pipeline:|m run )/m);
    for (const [, option] of example.matchAll(/ (--[\w-]+)/g))
      expect(output, example).toMatch(new RegExp(`^ {2}${option}(=|$| )`, 'm'));
  }
  // And the table of flags says which commands have each.
  const table = readFileSync(join(import.meta.dirname, '../docs/runs.md'), 'utf8');
  const those = (flag: string): string[] =>
    commands.filter((_, i) => new RegExp(`^ {2}--${flag}(=|$| )`, 'm').test(pages[i]!.output)).sort();
  const told = (flag: string): string[] => {
    const [, row = ''] = new RegExp(`^\\| \`--${flag}\`.*\\|([^|]*)\\|$`, 'm').exec(table) ?? [];
    return row
      .trim()
      .split(', ')
      .filter((name) => name !== 'families')
      .sort(); // which is run, as a pipeline is
  };
  for (const flag of ['run', 'runs', 'a', 'where', 'markdown', 'output']) expect(told(flag), flag).toEqual(those(flag));
  const json = [...told('json').filter((name) => name !== 'these'), ...told('markdown')].sort();
  expect(json).toEqual(those('json'));
}, 120_000);

test('what comes after pipelines is run as they are', async () => {
  const file = 'pipelines/project.json';
  const project = JSON.parse(workspace.read(file)) as { targets: Record<string, object> };
  const command = 'node --import tsx shared/runs/src/cli/table.ts --pipelines=tiny';
  const options = { cwd: '{workspaceRoot}', command, forwardAllArgs: false };
  const families = { ...project.targets['families'], dependsOn: [{ projects: ['pipeline'], target: 'tiny' }], options };
  workspace.write(file, JSON.stringify({ ...project, targets: { ...project.targets, families } }));
  const { code, output } = await arrowsmith(['run', 'families', '--metrics=bitsPerByte=bits']);
  expect(output).toMatch(/^pipeline +bits\ntiny +\d\.\d+$/m);
  expect(code).toBe(0);
  expect((await arrowsmith(['help', 'families'])).output).toMatch(/--metrics=<metric=title,…>/);
}, 120_000);

test('what a stage says when it fails stands alone, and the exit code says so', async () => {
  workspace.write(
    'pipelines/gone.yaml',
    'extends: tiny\nsteps:\n  download:\n    source: { type: file, path: nothere.txt }\n',
  );
  const { code, output } = await arrowsmith(['run', 'download:gone']);
  expect(code).toBe(1);
  expect(output).toMatch(/error: no file matches nothere\.txt/);
  expect(output).not.toMatch(/Failed tasks|NX/);
}, 60_000);

test('serve answers as OpenAI does, with all models of the run, until a signal ends it when all is answered', async () => {
  const options = ['--port=0', '--sequences=4', '--queue=0', '--draft=latest:quantize'];
  const serving = workspace.start(['shared/cli/bin/arrowsmith.mjs', 'serve', ...options]);
  await expect.poll(() => serving.output(), { timeout: 30_000 }).toContain('serves train, quantize of run');
  const [url] = /http:\S+\/v1/.exec(serving.output())!;
  const ask = async (model: string) => {
    const body = { model, prompt: 'Once upon a time', max_tokens: 30, n: 4, seed: 1 };
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch(`${url}/completions`, { method: 'POST', headers, body: JSON.stringify(body) });
    return ((await response.json()) as { choices: unknown[] }).choices;
  };
  expect(await ask('quantize')).toHaveLength(4);
  const last = ask('train');
  await new Promise((resolve) => setTimeout(resolve, 20));
  serving.child.kill('SIGTERM');
  expect(await last).toHaveLength(4);
  expect(await serving.finished).toMatchObject({ code: 0 });
}, 60_000);

test('a signal ends a run, and the last words are ours', async () => {
  const running = workspace.start(['shared/cli/bin/arrowsmith.mjs', 'run', 'tiny', '--train.steps=1000000']);
  while (!/^train: /m.test(running.output())) await new Promise((resolve) => setTimeout(resolve, 50));
  running.child.kill('SIGINT');
  const { code, output } = await running.finished;
  expect(output.trimEnd().split('\n').at(-1)).toBe(
    'stopped; run the same command again to go on from the last checkpoint or finished step',
  );
  expect(output.match(/stopped; run the same/g)).toHaveLength(1);
  expect(code).toBe(130);
}, 60_000);

test('a changed source is built again before a command starts; a damaged build, too', async () => {
  workspace.edit('shared/cli/src/commands.ts', 'Trains small language models from scratch', 'Now says something else');
  expect((await arrowsmith(['help'])).output).toContain('Now says something else');
  const folder = join(workspace.root, '.work/code');
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  workspace.write('.work/code/current.json', '{');
  expect((await arrowsmith(['help'])).output).toContain('Now says something else');
}, 60_000);

test('a model whose files are cut off or gone is told, with what to do', async () => {
  const blobs = join(workspace.root, 'artifacts/store/blobs');
  const weights = realpathSync(join(workspace.root, 'artifacts/tiny/train/weights.arrow'));
  chmodSync(weights, 0o644);
  truncateSync(weights, 1000);
  expect((await arrowsmith(['generate'])).output).toMatch(/no such files, or damaged ones[^]*--run=<run>/);
  for (const folder of readdirSync(blobs)) rmSync(join(blobs, folder), { recursive: true, force: true });
  expect(existsSync(blobs)).toBe(true);
  const { code, output } = await arrowsmith(['generate']);
  expect(code).toBe(1);
  expect(output).toMatch(/the artifact of train of run \S+ is no longer in the store[^]*--run=<run>/);
});

test('outside of a workspace it says so', async () => {
  const { code, output } = await workspace.start([
    '-e',
    `process.chdir('/'); process.argv = ['node', 'arrowsmith', 'help']; import(${JSON.stringify(`file://${workspace.root}/shared/cli/bin/arrowsmith.mjs`)})`,
  ]).finished;
  expect(code).toBe(1);
  expect(output).toMatch(/this is not an Arrowsmith workspace/);
});
