/** @file All checks of the doctor, in the order in which they are reported. */
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { detectInstructionSet, nativeBuild } from '@arrowsmith/backend-native/build';
import { openWorkspace } from '@arrowsmith/pipeline';
import { checkBackends, measureBackend } from './backends.ts';
import { type Finding, finding } from './finding.ts';
import { checkSpeeds, findSpeeds, otherEngine } from './graphics.ts';
import { checkMemory, checkProcessor, measureCopying, readInstructionSets } from './hardware.ts';
import { checkHub } from './hub.ts';
import { checkNativeBuild } from './native.ts';
import { checkPipelines } from './pipelines.ts';
import { checkRegistry } from './registry.ts';
import { checkDisk, checkLeftovers, checkWritable, freeBytes } from './store.ts';
import { checkTraining } from './training.ts';
import { checkCompiler, checkGit, checkNpm, checkPython, type Run } from './tools.ts';

/**
 * Looks at this machine.
 * @param root of the workspace
 * @param env as stages see it
 * @param only pipelines whose training is measured; all where there are none
 * @param measureAgain measures a graphics processor anew, of which speeds are kept
 */
export async function examine(
  root: string,
  env: NodeJS.ProcessEnv,
  run: Run,
  only: readonly string[] = [],
  measureAgain = false,
): Promise<Finding[]> {
  const workspace = openWorkspace(root, env);
  const memory = {
    total: totalmem(),
    free: process.availableMemory?.() ?? freemem(),
    limit: process.constrainedMemory(),
  };

  // Backends first and alone, so that nothing slows down what is measured.
  let speeds: ReturnType<typeof findSpeeds>;
  const choice = await guarded('auto', async () => checkSpeeds((speeds = findSpeeds(measureAgain))));
  const backends = await guarded('backend', () => checkBackends(env['ARROWSMITH_BACKEND'], measureBackend));
  let sources: Awaited<ReturnType<typeof checkPipelines>>['sources'] = [];
  let training = async (): Promise<Finding[]> => [];
  const pipelines = await guarded('pipelines', async () => {
    const checked = await checkPipelines(root);
    sources = checked.sources;
    const measured = checked.pipelines.filter(({ name }) => only.length === 0 || only.includes(name));
    training = () => checkTraining(measured, checked.declarations, undefined, (...of) => otherEngine(speeds, ...of));
    return checked.findings;
  });
  const times = await guarded('training', () => training());
  const others = await Promise.all([
    guarded('npm', () => checkNpm(run)),
    guarded('git', () => checkGit(run)),
    guarded('C++ compiler', () => checkCompiler(run, env['CXX'])),
    guarded('Python', () => checkPython(run, env['PYTHON'] || undefined)),
    guarded('processor', async () =>
      checkProcessor({
        model: cpus()[0]?.model ?? process.arch,
        cores: availableParallelism(),
        instructionSets: await readInstructionSets(readCpuInfo, run),
      }),
    ),
    guarded('memory', () => checkMemory(memory, measureCopying())),
    guarded('native build', () =>
      checkNativeBuild(nativeBuild, detectInstructionSet().name, env['ARROWSMITH_ISA'] || undefined),
    ),
    backends,
    choice,
    guarded('store', () => checkWritable(workspace)),
    guarded('disk', async () => checkDisk(workspace, await freeBytes(workspace.store), sources)),
    guarded('store', () => checkLeftovers(workspace)),
    pipelines,
    times,
    guarded('hub', () => checkHub(sources, { root, env })),
    guarded('npm registry', () => checkRegistry(sources, { root, env })),
  ]);
  return others.flat();
}

const readCpuInfo = () => readFile('/proc/cpuinfo', 'utf8').catch(() => undefined); // there is none on macOS

/** A check that fails is a finding too: most likely packages are missing. */
async function guarded(check: string, work: () => Finding | Promise<Finding | Finding[]>): Promise<Finding[]> {
  try {
    return [await work()].flat();
  } catch (error) {
    return [
      finding(
        'problem',
        check,
        'the check failed',
        `${(error as Error).message.split('\n')[0]}: reinstall packages with npm ci`,
      ),
    ];
  }
}
