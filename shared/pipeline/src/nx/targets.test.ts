/** @file The targets that pipeline files become, in a small workspace of two stages. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadDeclarations } from '../workspace.ts';
import { inferProjects, type Target } from './targets.ts';

const REPOSITORY = resolve(import.meta.dirname, '../../../..');

const COUNT = `
  import * as z from 'zod';
  export default {
    name: 'count',
    description: 'Writes a number',
    inputs: {},
    makes: ['corpus'],
    parameters: z.strictObject({ to: z.int().default(3), source: z.string().default('here') }),
    cacheable: ({ source }) => source === 'here',
  };
`;
const DOUBLE = `
  import * as z from 'zod';
  export default {
    name: 'double',
    description: 'Doubles it',
    inputs: { number: { kind: 'corpus', takes: 'one' } },
    makes: ['rows'],
    parameters: z.strictObject({ plus: z.strictObject({ one: z.boolean().default(false) }).prefault({}) }),
    exclusive: true,
    environment: ({ plus }) => ({ backend: plus.one ? 'gpu' : 'cpu' }),
  };
`;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'targets-'));
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'));
  write('stages/count/src/declaration.ts', COUNT);
  write('stages/double/src/declaration.ts', DOUBLE);
  write('pipelines/toy.yaml', 'description: A toy\nsteps:\n  double:\n  count: { to: 4 }\n');
});
afterEach(() => void vi.unstubAllEnvs());

function write(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** The targets of all files, by `<project>:<target>`. */
async function targets(...names: string[]): Promise<Record<string, Target>> {
  const files = names.map((name) => `pipelines/${name}.yaml`);
  const contributions = inferProjects(root, files, await loadDeclarations(root));
  const projects = contributions.flatMap(([, contribution]) => Object.values(contribution.projects));
  return Object.fromEntries(
    projects.flatMap((project) =>
      Object.entries(project.targets).map(([name, target]) => [`${project.name}:${name}`, target]),
    ),
  );
}

test('a pipeline gives each of its stages a target, and the project `pipeline` one for the whole', async () => {
  expect(inferProjects(root, ['pipelines/toy.yaml'], await loadDeclarations(root))).toMatchInlineSnapshot(`
    [
      [
        "pipelines/toy.yaml",
        {
          "projects": {
            "pipelines": {
              "name": "pipeline",
              "targets": {
                "toy": {
                  "cache": false,
                  "dependsOn": [
                    {
                      "projects": [
                        "count",
                      ],
                      "target": "toy",
                    },
                    {
                      "projects": [
                        "double",
                      ],
                      "target": "toy",
                    },
                  ],
                  "executor": "nx:run-commands",
                  "metadata": {
                    "description": "A toy",
                  },
                  "options": {
                    "command": "node --enable-source-maps .work/code/complete-run.mjs toy",
                    "cwd": "{workspaceRoot}",
                    "forwardAllArgs": false,
                  },
                },
              },
            },
            "stages/count": {
              "name": "count",
              "targets": {
                "toy": {
                  "cache": true,
                  "dependsOn": [],
                  "executor": "nx:run-commands",
                  "inputs": [
                    {
                      "externalDependencies": [],
                    },
                    {
                      "env": "ARROWSMITH_PARAMETERS_count_toy",
                    },
                  ],
                  "metadata": {
                    "description": "Writes a number",
                  },
                  "options": {
                    "command": "node --enable-source-maps .work/code/count.mjs toy",
                    "cwd": "{workspaceRoot}",
                    "forwardAllArgs": false,
                  },
                  "outputs": [],
                  "parallelism": true,
                },
              },
            },
            "stages/double": {
              "name": "double",
              "targets": {
                "toy": {
                  "cache": true,
                  "dependsOn": [
                    {
                      "projects": [
                        "count",
                      ],
                      "target": "toy",
                    },
                  ],
                  "executor": "nx:run-commands",
                  "inputs": [
                    {
                      "externalDependencies": [],
                    },
                    {
                      "env": "ARROWSMITH_PARAMETERS_double_toy",
                    },
                  ],
                  "metadata": {
                    "description": "Doubles it",
                  },
                  "options": {
                    "command": "node --enable-source-maps .work/code/double.mjs toy",
                    "cwd": "{workspaceRoot}",
                    "forwardAllArgs": false,
                  },
                  "outputs": [],
                  "parallelism": false,
                },
              },
            },
          },
        },
      ],
    ]
  `);
});

test('a description cannot command the terminal that Nx shows it on', async () => {
  write('pipelines/toy.yaml', 'description: "a\\e[2Jb\\nc"\nsteps:\n  count: { to: 4 }\n');
  const { metadata } = (await targets('toy'))['pipeline:toy']!;
  expect(metadata).toEqual({ description: 'a\\u001b[2Jb\\nc' });
});

describe('a pipeline file with an error', () => {
  /** What a target prints when it is run, the way Nx runs it, and its exit code. */
  function runTarget({ options }: Target): { code: number; output: string } {
    const { command, env } = options as { command: string; env: Record<string, string> };
    try {
      return {
        code: 0,
        output: execFileSync('sh', ['-c', command], {
          cwd: root,
          encoding: 'utf8',
          env: { ...process.env, ...env },
          stdio: 'pipe',
        }),
      };
    } catch (error) {
      const { status, stderr } = error as { status: number; stderr: string };
      return { code: status, output: stderr };
    }
  }

  test('gets targets that fail with its message, under all names that a good one would have', async () => {
    write('pipelines/bad.yaml', 'steps:\n  count:\n    two: "`$(date)` \\" \'"\n');
    const bad = await targets('bad');
    expect(Object.keys(bad).sort()).toEqual(['count:bad', 'double:bad', 'pipeline:bad']);
    for (const target of Object.values(bad)) {
      expect(target.cache).toBe(false);
      const { code, output } = runTarget(target);
      expect(code).toBe(1);
      expect(output).toMatch(
        /error: pipelines\/bad\.yaml:3: unknown parameter "count\.two" \(known here: to, source\)/,
      );
    }
  });

  test('leaves the targets of the others as they are', async () => {
    const alone = await targets('toy');
    write('pipelines/bad.yaml', 'steps: {');
    expect(await targets('bad', 'toy')).toMatchObject(alone);
  });
});

test('parameters of a run are in no target, since runs that overlap share them', async () => {
  const before = await targets('toy');
  vi.stubEnv('PIPELINE_SET', 'double.plus.one=true,count.source=there');
  expect(await targets('toy')).toEqual(before);
  expect(JSON.stringify(before)).not.toContain('plus');
});

test('a stage that has to look again at what its parameters refer to is not cached by Nx, nor what is made of it', async () => {
  write('pipelines/there.yaml', 'extends: toy\nsteps:\n  count: { source: there }\n');
  const cache = async (name: string) => Object.values(await targets(name)).map((target) => target.cache);
  expect(await cache('toy')).toEqual([true, true, false]);
  expect(await cache('there')).toEqual([false, false, false]);
});

test('a download from the hub is looked at again where the embedded corpus may stand in for it, and only there', async () => {
  symlinkSync(join(REPOSITORY, 'stages/download'), join(root, 'stages/download'));
  const file = { path: 'train.txt', bytes: 1, sha256: 'a'.repeat(64) };
  const source = { type: 'hub', repository: 'datasets/a/b', revision: 'b'.repeat(40), train: file };
  for (const whenUnreachable of ['fail', 'embedded']) {
    write(
      `pipelines/${whenUnreachable}.yaml`,
      JSON.stringify({ steps: { download: { source: { ...source, whenUnreachable } } } }),
    );
  }
  const { 'download:fail': fail, 'download:embedded': embedded } = await targets('fail', 'embedded');
  expect([fail!.cache, embedded!.cache]).toEqual([true, false]);
});

test('a pipeline with an error has targets for all its steps, which tell it', async () => {
  write(
    'pipelines/pair.yaml',
    'steps:\n  count:\n  twice: { stage: double, plus: 1 }\n  Bad Name: { stage: double }\n',
  );
  const found = await targets('pair');
  expect(Object.keys(found).sort()).toEqual(['count:pair', 'double:pair', 'pipeline:pair', 'twice:pair']);
  for (const { options } of Object.values(found)) expect(JSON.stringify(options)).toContain('pipelines/pair.yaml:4');
});

test('a step of another name has a project of its own, and its stage a target for all of it', async () => {
  write('pipelines/pair.yaml', 'steps:\n  count:\n  first: { stage: double }\n  second: { stage: double }\n');
  const contributions = inferProjects(root, ['pipelines/pair.yaml'], await loadDeclarations(root));
  const { projects } = contributions[0]![1];
  expect(Object.keys(projects).sort()).toEqual([
    'pipelines',
    'pipelines/steps/first',
    'pipelines/steps/second',
    'stages/count',
    'stages/double',
  ]);
  expect(projects['stages/double']!.targets['pair']).toMatchObject({
    executor: 'nx:noop',
    dependsOn: [
      { projects: ['first'], target: 'pair' },
      { projects: ['second'], target: 'pair' },
    ],
  });
  expect(projects['pipelines/steps/first']!.targets['pair']).toMatchObject({
    dependsOn: [{ projects: ['count'], target: 'pair' }],
    options: { command: 'node --enable-source-maps .work/code/double.mjs pair first' },
  });
});
