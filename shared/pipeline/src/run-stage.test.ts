import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobPath, memoPath, readMetadata } from '@arrowsmith/artifacts';
import { expect, test } from 'vitest';
import { readPointer } from './pointer.ts';
import type { Stage } from './stage.ts';
import { toyWorkspace } from './testing/toy-stages.ts';

/** No process has it: beyond the largest process id of any system. */
const DEAD = 2 ** 30;

const files = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String).sort() : [];

test('a stage writes a pointer: manifest, provenance and links that open', async () => {
  const { workspace, run } = toyWorkspace();
  const record = await run('count');
  const { manifest } = await readPointer(workspace, 'toy', 'count');
  expect(manifest).toMatchObject({
    format: 1,
    stage: 'count',
    metadata: { to: 3 },
    files: { 'number.arrow': { rows: 1 }, 'note.txt': { bytes: 26 } },
  });
  const pointer = join(workspace.root, 'artifacts/toy/count');
  expect(readFileSync(join(pointer, 'note.txt'), 'utf8')).toBe('the same whatever the note');
  expect((await readMetadata(join(pointer, 'number.arrow'), 'metrics')).version).toBe('1');
  expect(record).toMatchObject({
    outcome: 'computed',
    metrics: { to: 3 },
    highlights: { counted: '3' },
    parameters: { to: 3, note: '', hands: 1 },
  });
  expect(files(join(workspace.store, 'work'))).toEqual([]);
  expect(files(join(workspace.store, 'locks'))).toEqual([]);
});

test('what was measured is named by the provenance and no part of the content', async () => {
  const [a, b] = [toyWorkspace(), toyWorkspace()];
  const [first, second] = [await a.run('count'), await b.run('count')];
  const digest = ({ measured }: typeof first) => measured!['time.arrow']!.sha256;
  expect(digest(first)).not.toBe(digest(second));
  expect(first.manifest).toBe(second.manifest);
  const { manifest, run } = await readPointer(a.workspace, 'toy', 'count');
  expect(Object.keys(manifest.files)).toEqual(['note.txt', 'number.arrow']);
  expect(run.measured).toEqual({ 'time.arrow': { sha256: digest(first), bytes: expect.any(Number), rows: 1 } });
  const linked = join(a.workspace.root, 'artifacts/toy/count/time.arrow');
  expect((await readMetadata(linked, 'metrics')).version).toBe('1');
  expect((await a.run('count')).measured).toEqual(run.measured); // recalled with the result
});

test('the same computation is not done twice; another parameter, code or input is another computation', async () => {
  const { ran, run } = toyWorkspace();
  await run('count');
  await run('double');
  await run('count');
  expect((await run('double')).outcome).toBe('recalled');
  expect(ran).toEqual(['count', 'double']);
  await run('double', ['--plus=1']);
  await run('double', [], { code: 'code-2' });
  expect(ran).toEqual(['count', 'double', 'double', 'double']);
  await run('count', ['--to=4']);
  await run('double');
  expect(ran.slice(4)).toEqual(['count', 'double']);
  await run('count'); // back to what was
  await run('double');
  expect(ran).toHaveLength(6);
});

test('a parameter that does not change the result does not compute it again', async () => {
  const { ran, run } = toyWorkspace();
  const { key } = await run('count');
  expect(await run('count', ['--hands=2'])).toMatchObject({ key, outcome: 'recalled' });
  expect(ran).toEqual(['count']);
});

test('an upstream stage that ran again to the same bytes stops the rerun there', async () => {
  const { ran, run } = toyWorkspace();
  await run('count');
  await run('double');
  await run('count', ['--note=other']);
  await run('double');
  expect(ran).toEqual(['count', 'double', 'count']);
});

test('a deleted pointer comes back from the store', async () => {
  const { workspace, ran, run } = toyWorkspace();
  await run('count');
  rmSync(join(workspace.root, 'artifacts/toy'), { recursive: true });
  expect((await run('count')).outcome).toBe('recalled');
  expect(ran).toEqual(['count']);
  expect((await readPointer(workspace, 'toy', 'count')).manifest.metadata).toEqual({ to: 3 });
});

test('two runs from empty stores give byte-identical manifests', async () => {
  const [one, two] = [toyWorkspace(), toyWorkspace()];
  for (const { run } of [one, two]) {
    await run('count');
    await run('double');
  }
  for (const stage of ['count', 'double']) {
    const [a, b] = [one, two].map(({ workspace }) =>
      readFileSync(join(workspace.root, 'artifacts/toy', stage, 'manifest.json')),
    );
    expect(a).toEqual(b);
  }
});

test('two concurrent runs of one task compute once and publish one artifact', async () => {
  const { workspace, ran, printed, run } = toyWorkspace();
  const [a, b] = await Promise.all([run('count'), run('count'), run('count')]);
  expect(ran).toEqual(['count']);
  expect(a!.manifest).toBe(b!.manifest);
  expect(printed.filter((line) => line.includes('waiting for process'))).toHaveLength(2);
  expect(readdirSync(join(workspace.root, 'artifacts/toy'))).toEqual(['count']);
});

test('a corrupt input is an error that names the command which heals it, and that command does', async () => {
  const { workspace, ran, run } = toyWorkspace();
  await run('count');
  const { manifest } = await readPointer(workspace, 'toy', 'count');
  const blob = blobPath(workspace.store, manifest.files['number.arrow']!.sha256);
  const content = readFileSync(blob);
  content[100]! ^= 1;
  chmodSync(blob, 0o644);
  writeFileSync(blob, content);
  await expect(run('double')).rejects.toThrow(
    /artifacts\/toy\/count\/number\.arrow is corrupt[^]*npx nx run count:toy --skip-nx-cache/,
  );
  await run('count');
  expect((await run('double')).metrics).toEqual({});
  expect(ran).toEqual(['count', 'double', 'count', 'double']);
});

test('a stage whose input has not run says which command runs it', async () => {
  const { run } = toyWorkspace();
  await expect(run('double')).rejects.toThrow(/artifacts\/toy\/count\/manifest\.json[^]*npx nx run count:toy/);
});

test('a failing stage publishes nothing and leaves nothing half-written', async () => {
  const { workspace, stages, run } = toyWorkspace();
  const failing: Stage = {
    ...stages.count,
    run: async ({ outputPath }) => {
      writeFileSync(outputPath('half.txt'), 'half');
      throw new Error('in the middle');
    },
  };
  await expect(run('count', [], { load: async () => failing })).rejects.toThrow('in the middle');
  expect(files(join(workspace.root, 'artifacts/toy'))).toEqual([]);
  expect(files(join(workspace.store, 'work'))).toEqual([]);
  expect((await run('count')).outcome).toBe('computed');
});

test('what a stage saves in its state folder is there when the same computation starts again, and gone when it is done', async () => {
  const { workspace, stages, run } = toyWorkspace();
  const attempts: string[] = [];
  const resuming: Stage = {
    ...stages.count,
    run: async (context) => {
      const checkpoint = join(context.stateDirectory, 'checkpoint');
      attempts.push(existsSync(checkpoint) ? 'resumed' : 'fresh');
      writeFileSync(checkpoint, '');
      if (attempts.length === 1) throw new Error('killed');
      return stages.count.run(context);
    },
  };
  const load = async () => resuming;
  await expect(run('count', [], { load })).rejects.toThrow('killed');
  await expect(run('count', ['--to=1'], { load })).resolves.toBeDefined(); // another computation has a state of its own
  await run('count', [], { load });
  expect(attempts).toEqual(['fresh', 'fresh', 'resumed']);
  expect(files(join(workspace.store, 'work'))).toEqual([]);
});

test('what a process left that was killed after it had published its result is tidied up by the next one', async () => {
  const { workspace, ran, run } = toyWorkspace();
  const { key } = await run('count');
  const remains = { work: `work/count-${key}/state/checkpoint`, lock: `locks/count-${key}` };
  for (const path of Object.values(remains)) {
    mkdirSync(dirname(join(workspace.store, path)), { recursive: true });
    writeFileSync(join(workspace.store, path), JSON.stringify({ pid: DEAD, host: hostname() }));
  }
  expect((await run('count')).outcome).toBe('recalled');
  expect(ran).toEqual(['count']);
  expect(files(join(workspace.store, 'work'))).toEqual([]);
  expect(files(join(workspace.store, 'locks'))).toEqual([]);
});

test('a substitution is said once where it takes place, is part of the content, and is inherited by every later artifact until the real thing is there', async () => {
  const { workspace, stages, printed, run } = toyWorkspace();
  let reachable = false;
  const declaration: Stage['declaration'] = {
    ...stages.count.declaration,
    resolve: async (parameters, { isKnown }) => {
      if (reachable || (await isKnown(parameters))) return { parameters };
      return { parameters: { ...parameters, to: 99 }, substitution: '99 stands in for the hub' };
    },
  };
  await run('count', [], { declaration });
  await run('double');
  expect(printed.filter((line) => line.includes('!! 99 stands in for the hub'))).toHaveLength(1); // and the summary ends with it
  const { manifest } = await readPointer(workspace, 'toy', 'double');
  expect(manifest).toMatchObject({ substitution: '99 stands in for the hub', metadata: { from: 99 } });
  const table = join(workspace.root, 'artifacts/toy/double/number.arrow');
  expect((await readMetadata(table, 'metrics'))['substitution']).toBe('99 stands in for the hub');

  reachable = true;
  await run('count', [], { declaration });
  await run('double');
  const real = (await readPointer(workspace, 'toy', 'double')).manifest;
  expect(real).toMatchObject({ metadata: { from: 3 } });
  expect(real.substitution).toBeUndefined();

  reachable = false; // what was downloaded once needs no hub
  expect((await run('count', [], { declaration })).outcome).toBe('recalled');
  expect((await readPointer(workspace, 'toy', 'count')).manifest.substitution).toBeUndefined();
});

test('what stands in for something and the same thing asked for by itself are two artifacts', async () => {
  const { workspace, stages, run } = toyWorkspace();
  const standIn = (for_: string): Stage['declaration'] => ({
    ...stages.count.declaration,
    resolve: async () => ({ parameters: { to: 99, note: '' }, substitution: `99 instead of ${for_}` }),
  });
  const substitution = async () => (await readPointer(workspace, 'toy', 'count')).manifest.substitution;
  await run('count', ['--to=99']);
  expect(await substitution()).toBeUndefined();
  await run('count', ['--note=a'], { declaration: standIn('a') });
  expect(await substitution()).toBe('99 instead of a');
  await run('count', ['--note=b'], { declaration: standIn('b') });
  expect(await substitution()).toBe('99 instead of b');
  expect((await run('count', ['--to=99'])).outcome).toBe('recalled');
  expect(await substitution()).toBeUndefined();
});

test('unknown parameters and wrong types stop a stage before it starts', async () => {
  const { ran, run } = toyWorkspace();
  await expect(run('count', ['--too=3'])).rejects.toThrow(/unknown parameter "too" \(known here: to, note, hands\)/);
  await expect(run('count', ['--to=x'])).rejects.toThrow(/to: [^]*expected number/);
  expect(ran).toEqual([]);
});

test('a run that was taken for dead and comes back ends with one error, and the work of the other stays', async () => {
  const { workspace, ran, stages, run } = toyWorkspace();
  let comeBack = (): void => undefined;
  const frozen = new Promise<void>((resolve) => (comeBack = resolve));
  let started = (): void => undefined;
  const working = new Promise<void>((resolve) => (started = resolve));
  const suspended: Stage = {
    ...stages.count,
    run: async (context) => {
      writeFileSync(join(context.stateDirectory, 'checkpoint'), 'of the first');
      started();
      await frozen;
      writeFileSync(join(context.stateDirectory, 'checkpoint'), 'of later'); // fails: the folder is the other's by now
      return stages.count.run(context);
    },
  };
  const resuming: Stage = {
    ...stages.count,
    run: async (context) => {
      expect(readFileSync(join(context.stateDirectory, 'checkpoint'), 'utf8')).toBe('of the first');
      comeBack();
      await expect(first).rejects.toThrow(/its lock was taken away[^]*to do: +run the same command again/);
      return stages.count.run(context);
    },
  };
  const first = run('count', [], { load: async () => suspended });
  first.catch(() => undefined);
  await working;
  const [lock] = files(join(workspace.store, 'locks'));
  writeFileSync(join(workspace.store, 'locks', lock!), JSON.stringify({ pid: DEAD, host: hostname() })); // as another host sees it
  expect((await run('count', [], { load: async () => resuming })).outcome).toBe('computed');
  expect((await readPointer(workspace, 'toy', 'count')).manifest.metadata).toEqual({ to: 3 });
  expect((await run('count')).outcome).toBe('recalled');
  expect(ran).toEqual(['count']);
  for (const folder of ['work', 'locks']) expect(files(join(workspace.store, folder))).toEqual([]);
});

test('a memo that names the artifact of another stage, and one that was changed, are set aside, said, and computed again', async () => {
  const { workspace, ran, printed, run } = toyWorkspace();
  const { key } = await run('count');
  const { key: other } = await run('double');
  const memo = memoPath(workspace.store, key);
  const sound = readFileSync(memo);
  for (const damaged of [
    readFileSync(memoPath(workspace.store, other)),
    Buffer.from(sound.toString().replace('"to": 3', '"to": 4')),
    sound.subarray(0, 50),
  ]) {
    writeFileSync(memo, damaged);
    ran.length = printed.length = 0;
    expect(await run('count')).toMatchObject({ outcome: 'computed', parameters: { to: 3 }, metrics: { to: 3 } });
    expect(ran).toEqual(['count']);
    expect(printed[0]).toMatch(/^count: computed again, because .*memo.*json is .*\(set aside as .*corrupt/);
  }
});

test('a waiting run stops on its signal', async () => {
  const { stages, run } = toyWorkspace();
  const slow: Stage = {
    ...stages.count,
    run: async (context) => {
      await sleep(400);
      return stages.count.run(context);
    },
  };
  const first = run('count', [], { load: async () => slow });
  await sleep(100);
  await expect(run('count', [], { signal: AbortSignal.timeout(100) })).rejects.toThrow(/abort/i);
  expect((await first).outcome).toBe('computed');
});

test('an artifacts folder that cannot be written stops the stage without a trace', async () => {
  const { workspace, run } = toyWorkspace();
  mkdirSync(join(workspace.root, 'artifacts'), { recursive: true });
  writeFileSync(workspace.store, 'a file where the store should be');
  await expect(run('count')).rejects.toMatchObject({ code: expect.stringMatching(/ENOTDIR|EEXIST/) });
  expect(readdirSync(join(workspace.root, 'artifacts'))).toEqual(['store']);
});
