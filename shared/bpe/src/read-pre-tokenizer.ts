/** @file The `pre_tokenizer` and `normalizer` sections of tokenizer.json. */

import * as z from 'zod';
import { BEHAVIORS, type CutStep, createCutter } from './cuts.ts';
import type { BpeModel } from './model.ts';
import type { NormalizerStep } from './normalizer.ts';
import { UnsupportedRegex } from './oniguruma.ts';
import { LLAMA3_REGEX, QWEN2_REGEX, type PreTokenPattern } from './patterns.ts';
import { damaged, isRecord, shown, unsupported } from './tokenizer-json-errors.ts';

/** Steps within steps, and steps altogether; published files have five. */
const MOST_STEPS = 32;

const byteLevel = z.looseObject({
  type: z.literal('ByteLevel'),
  add_prefix_space: z.boolean().default(true),
  use_regex: z.boolean().default(true),
});

const behavior = z.enum(BEHAVIORS);

/** Members that are unknown are dropped, so that what is written of a step is what was understood. */
const cutStep = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('Split'),
    pattern: z.union([z.strictObject({ Regex: z.string() }), z.strictObject({ String: z.string().min(1) })]),
    behavior,
    invert: z.boolean().default(false),
  }),
  z.object({ type: z.literal('Digits'), individual_digits: z.boolean().default(false) }),
  z.object({ type: z.literal('Punctuation'), behavior: behavior.default('Isolated') }),
  z.object({ type: z.literal('Whitespace') }),
  z.object({ type: z.literal('WhitespaceSplit') }),
  z.object({
    type: z.literal('CharDelimiterSplit'),
    delimiter: z.string().refine((text) => Array.from(text).length === 1, 'not one character'),
  }),
]);

const normalizerStep = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase']) }),
  z.object({ type: z.literal('Strip'), strip_left: z.boolean(), strip_right: z.boolean() }),
  z.object({ type: z.literal('Prepend'), prepend: z.string().min(1) }),
  z.object({
    type: z.literal('Replace'),
    pattern: z.strictObject({ String: z.string().min(1) }),
    content: z.string(),
  }),
]);

/**
 * How the section cuts text.
 *
 * @throws UserError where a step is not supported; it names the step.
 */
export function readPreTokenizer(section: unknown, where: string): Pick<BpeModel, 'pattern' | 'cuts' | 'prefixSpace'> {
  const steps = flatten(section, 'pre_tokenizer', 'pretokenizers', where);
  const last = steps.pop();
  const final = byteLevel.safeParse(last?.step);
  if (!final.success) throw unsupported(describe(last, 'pre_tokenizer', 'that does not end with ByteLevel'), where);
  const cuts = steps.map((step): CutStep => {
    const parsed = cutStep.safeParse(step.step);
    const cut = parsed.success ? parsed.data : undefined;
    if (cut === undefined) throw unsupported(describe(step, 'pre_tokenizer', 'before ByteLevel'), where);
    try {
      createCutter([cut]);
    } catch (error) {
      if (!(error instanceof UnsupportedRegex)) throw error;
      throw unsupported(`${step.path}: ${error.found}, in the regular expression ${shown(step.step)}`, where);
    }
    return cut;
  });

  const { add_prefix_space: prefixSpace, use_regex: usesRegex } = final.data;
  let pattern: PreTokenPattern = usesRegex ? 'gpt2' : 'none';
  const known = usesRegex || prefixSpace ? undefined : knownPattern(cuts.at(-1));
  if (known !== undefined) {
    cuts.pop();
    pattern = known;
  }
  return { pattern, ...(cuts.length > 0 && { cuts }), ...(prefixSpace && { prefixSpace }) };
}

/**
 * The steps of normalization.
 *
 * @throws UserError where a step is not supported; it names the step.
 */
export function readNormalizer(section: unknown, where: string): NormalizerStep[] {
  return flatten(section, 'normalizer', 'normalizers', where).map((step) => {
    const parsed = normalizerStep.safeParse(step.step);
    if (parsed.success) return parsed.data;
    throw unsupported(describe(step, 'normalizer', 'before a byte-level BPE'), where);
  });
}

/** Llama 3's and Qwen's regular expressions are written by hand. */
function knownPattern(cut: CutStep | undefined): PreTokenPattern | undefined {
  if (cut?.type !== 'Split' || cut.behavior !== 'Isolated' || cut.invert || !('Regex' in cut.pattern)) return undefined;
  return { [LLAMA3_REGEX]: 'llama3' as const, [QWEN2_REGEX]: 'qwen2' as const }[cut.pattern.Regex];
}

interface PlacedStep {
  step: unknown;
  path: string;
}

/** The steps of a section, which may be one or a `Sequence`, of which there may be several within each other. */
function flatten(section: unknown, path: string, member: string, where: string): PlacedStep[] {
  const found: PlacedStep[] = [];
  const add = (step: unknown, at: string, depth: number): void => {
    if (depth > MOST_STEPS || found.length > MOST_STEPS)
      throw unsupported(`${path}: more than ${MOST_STEPS} steps`, where);
    if (!isRecord(step) || step['type'] !== 'Sequence') {
      found.push({ step, path: at });
      return;
    }
    const within = step[member];
    if (!Array.isArray(within)) throw damaged(`${at}.${member}: a list`, shown(within), where);
    within.forEach((inner, i) => add(inner, `${at}.${member}[${i}]`, depth + 1));
  };
  if (section !== null && section !== undefined) add(section, path, 0);
  return found;
}

function describe(step: PlacedStep | undefined, section: string, how: string): string {
  if (step === undefined) return `no ${section}, so that bytes are not spelled`;
  return `${step.path}: ${shown(step.step)} ${how}`;
}
