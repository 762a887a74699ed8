/** @file Which architecture of llama.cpp a model is of, or why of none. */
import { UserError } from '@arrowsmith/errors';
import type { DecoderConfig } from '@arrowsmith/model';
import { differences } from '../differences.ts';
import { ggufArchitectures, type GgufArchitecture } from './architectures.ts';

interface Candidate {
  architecture: GgufArchitecture;
  wrong: string[];
}

/**
 * The architecture that computes what a model does: its family's where that does, and otherwise another.
 *
 * @throws UserError where llama.cpp computes none such: in what the nearest differs
 */
export function ggufArchitecture(config: DecoderConfig): GgufArchitecture {
  const { architecture, wrong } = bestOf(config);
  if (wrong.length === 0) return architecture;
  throw new UserError({
    what: `llama.cpp does not compute what this model of the family ${config.family} does`,
    expected: `what its architecture ${architecture.name}, the nearest, can`,
    found: told(wrong),
    fix: 'export it as `format: huggingface`, which says more of a model, or train one without that (docs/export.md)',
  });
}

/** Why a model cannot be stored as GGUF, in a line; undefined where it can. */
export function whyNotGguf(config: DecoderConfig): string | undefined {
  const { architecture, wrong } = bestOf(config);
  return wrong.length === 0 ? undefined : `llama.cpp’s ${architecture.name} differs: ${told(wrong)}`;
}

/**
 * Looks whether an architecture of llama.cpp computes what a configuration does that was read from its file.
 *
 * @throws UserError where it computes something else: what this project has no words for
 */
export function refuseOtherComputation(architecture: GgufArchitecture, config: DecoderConfig, path: string): void {
  const wrong = differences(computedBy(architecture, config), config);
  if (wrong.length === 0) return;
  throw new UserError({
    what: `the GGUF file has a model of the architecture ${architecture.name} that llama.cpp computes otherwise than this project`,
    where: path,
    expected: 'the usual layers of that architecture',
    found: told(wrong),
    fix: 'import the Hugging Face folder of the model, which says more of it',
  });
}

function bestOf(config: DecoderConfig): Candidate {
  const candidates = ggufArchitectures.map((architecture) => ({
    architecture,
    wrong: differences(computedBy(architecture, config), config),
  }));
  const own = candidates.find(({ architecture }) => architecture.family === config.family);
  const [first, ...others] = own === undefined ? candidates : [own, ...candidates];
  if (first === undefined) throw new Error('no architectures');
  return others.reduce((best, each) => (each.wrong.length < best.wrong.length ? each : best), first);
}

/** Where halves of a head turn together, no file makes it neighbours; the other way, rows change place. */
function computedBy({ computes, turnsNeighbours }: GgufArchitecture, config: DecoderConfig): DecoderConfig {
  const computed = computes(config);
  if (turnsNeighbours) return computed;
  const layers = computed.layers.map(({ attention, ffn }) => {
    const { rope } = attention;
    return { attention: { ...attention, rope: rope && { ...rope, interleaved: false } }, ffn };
  });
  return { ...computed, layers };
}

const SHOWN = 4;

const told = (wrong: readonly string[]): string =>
  `${wrong.slice(0, SHOWN).join('; ')}${wrong.length > SHOWN ? `; and ${wrong.length - SHOWN} more` : ''}`;
