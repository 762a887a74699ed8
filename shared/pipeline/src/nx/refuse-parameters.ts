/** @file `nx run pipeline:x --steps=300` does nothing in Nx; here it is an error that says what works. */
import { z } from 'zod';
import { UserError } from '@arrowsmith/errors';
import type { JsonObject, StageDeclaration } from '../stage.ts';
import { ownTargets } from './unknown-target.ts';

/**
 * @param args of the nx command line, e.g. `['run', 'pipeline:tinystories', '--steps=300']`
 * @throws UserError when a pipeline as a whole is given what is a parameter of a stage
 */
export function refuseParameters(
  root: string,
  args: readonly string[],
  declarations: ReadonlyMap<string, StageDeclaration>,
): void {
  const target = args.find((arg) => /^pipeline:[\w-]+$/.test(arg));
  if (target === undefined || ownTargets(root).includes(target.split(':')[1]!)) return;
  for (const [i, arg] of args.entries()) {
    if (!arg.startsWith('--')) continue;
    const separate = arg.includes('=') ? undefined : args[i + 1];
    const flag = separate === undefined || separate.startsWith('--') ? arg : `${arg}=${separate}`;
    const meant = [...declarations.values()].flatMap((declaration) => meaning(flag.slice(2), declaration));
    if (meant.length === 0) continue;
    const pipelines = meant.map(({ stage, assignment }) => `PIPELINE_SET=${stage}.${assignment} npx nx run ${target}`);
    const stages = meant.map(
      ({ stage, assignment }) => `npx nx run ${target.replace('pipeline', stage)} --${assignment}`,
    );
    throw new UserError({
      what: `${target} takes no parameters of its own`,
      found: flag,
      expected: `parameters by stage, before the command: ${pipelines.join(', or ')}`,
      fix: `use PIPELINE_SET, or run one stage: ${stages.join(', or ')}`,
    });
  }
}

/** What `steps=300` or `train.steps=300` says to a stage: nothing, or an assignment to one of its parameters. */
function meaning(flag: string, { name, parameters }: StageDeclaration): { stage: string; assignment: string }[] {
  if (flag.startsWith(`${name}.`)) return [{ stage: name, assignment: flag.slice(name.length + 1) }];
  const { properties } = z.toJSONSchema(parameters, { io: 'input' }) as { properties?: JsonObject };
  const known = Object.hasOwn(properties ?? {}, flag.split(/[.=]/)[0]!);
  return known ? [{ stage: name, assignment: flag }] : [];
}
