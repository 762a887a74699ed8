/**
 * @file A configuration as Hugging Face's config.json. What makes it sure is that the file is read again, as the import reads it: only where that gives
 * the same model is the file one.
 */
import { UserError } from '@arrowsmith/errors';
import { type DecoderConfig } from '@arrowsmith/model';
import { architectures, configOfFields } from './architectures.ts';
import { configFields } from './config-fields.ts';
import { MODEL_TYPES, type ArchitectureName } from './config-table.ts';
import { differences } from '../differences.ts';
import { architectureFields } from './write-fields.ts';

type Json = Record<string, unknown>;

export interface HuggingFaceConfig {
  architecture: ArchitectureName;
  /** What config.json holds of the model itself. */
  json: Json;
}

/** An architecture, and in what a model differs from all that its config.json can say. */
interface Candidate extends HuggingFaceConfig {
  wrong: string[];
}

/**
 * The config.json of a model: of its family's architecture where that holds it, and otherwise of another that does (a Llama whose layers slide is a
 * Mistral).
 *
 * @throws UserError where no architecture of transformers that is known here computes the same: in what the nearest differs
 */
export function huggingFaceConfig(config: DecoderConfig): HuggingFaceConfig {
  const candidates = [...architectureFields.keys()].map((name) => candidateOf(name, config));
  const holding = candidates.filter(({ wrong }) => wrong.length === 0);
  const isOwn = ({ architecture }: Candidate) => architectures.get(architecture)?.family === config.family;
  const best = holding.find(isOwn) ?? holding[0];
  if (best !== undefined) return { architecture: best.architecture, json: best.json };
  const own = candidates.find(isOwn);
  const nearest = candidates.reduce((least, each) => (each.wrong.length < least.wrong.length ? each : least));
  throw notHeld(own !== undefined && own.wrong.length <= nearest.wrong.length ? own : nearest, config);
}

function candidateOf(architecture: ArchitectureName, config: DecoderConfig): Candidate {
  const type = [...MODEL_TYPES].find(([, name]) => name === architecture)?.[0];
  const fields = architectureFields.get(architecture)?.(config) ?? {};
  // As the file will be: what is undefined is not in it.
  const json = JSON.parse(JSON.stringify({ architectures: [architecture], model_type: type, ...fields })) as Json;
  return { architecture, json, wrong: wrongOf(architecture, json, config) };
}

function wrongOf(architecture: ArchitectureName, json: Json, config: DecoderConfig): string[] {
  const reader = architectures.get(architecture);
  if (reader === undefined) throw new Error(`${architecture} cannot be read`);
  try {
    return differences(configOfFields(reader, configFields(json, 'config.json', architecture)), config);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [error.message.split('\n')[0] ?? error.message, ...Array.from({ length: 8 }, () => '')]; // far from it
  }
}

function notHeld({ architecture, wrong }: Candidate, { family }: DecoderConfig): UserError {
  const told = wrong.filter((each) => each !== '');
  return new UserError({
    what: `no architecture of transformers that is known here computes what this model of the family ${family} does`,
    expected: `what ${architecture}, the nearest, can say`,
    found: `${told.slice(0, 6).join('; ')}${told.length > 6 ? `; and ${told.length - 6} more` : ''}`,
    fix: 'train a model without that (docs/export.md has what each format holds), or use this one as it is: arrowsmith generate, arrowsmith serve',
  });
}
