/** @file What each model writes: samples from every prompt in every way of sampling, whether they end, and how much they repeat themselves. */
import { booleans, numbers, samplesTable, strings } from '@arrowsmith/artifacts';
import { describeCuts, generate, type SamplingParameters, seenPrompt } from '@arrowsmith/generation/samples';
import { type CreateMeasure, linesOf, type ModelLine, type Sample, type Subject } from '../measure.ts';
import { endingMetrics } from './endings.ts';
import { repeatedNgrams, repetitionMetrics } from './repetition.ts';

/** Samples in the summary. */
const SHOWN = 4;

export const samples: CreateMeasure = ({ context, encoder, beginOfText, endOfText, samples: written }) => {
  const { prompts, sampling } = context.parameters;
  const { signal } = context;
  const cuts = new Map<number, { tokens: number; seen: number }>();
  const subjects: Subject[] = [];
  let shortest = Infinity;
  return {
    async model(subject) {
      const { name, model, tensors } = subject;
      const { config, perLayerRows } = model;
      subjects.push(subject);
      const { contextLength } = config;
      shortest = Math.min(shortest, contextLength);
      const own: Sample[] = [];
      const total = prompts.length * sampling.length;
      const label = `${context.step} ${name} writes`;
      const bar = total === 0 ? undefined : context.progress(label, { total, unit: 'samples' });
      bar?.update(0);
      for (const [number, prompt] of prompts.entries()) {
        for (const how of sampling) {
          const encoded = encoder.encode(prompt);
          const { ids, cut } = seenPrompt([...encoded], {
            beginOfText,
            contextLength,
            maximumTokens: how.maximumTokens,
          });
          const seenBefore = cuts.get(number + 1)?.seen ?? Infinity;
          if (cut > 0) cuts.set(number + 1, { tokens: encoded.length, seen: Math.min(seenBefore, ids.length) });
          const rest = { parameters: tensors, prompt: ids, sampling: how, stopToken: endOfText, perLayerRows, signal };
          const continuation = await generate({ config, ...rest });
          const room = Math.min(how.maximumTokens, contextLength - ids.length + 1); // the last one is not read again
          const text = prompt + encoder.decode(continuation);
          own.push({ ...how, model: name, prompt, text, finished: continuation.length < room });
          bar?.update(own.length);
        }
      }
      bar?.end();
      written.push(...own);
      return { ...endingMetrics(own), ...repetitionMetrics(own.map(({ text }) => text)) };
    },
    async end() {
      await context.table('samples.arrow', samplesTable, {}, [
        {
          model: strings(written.map(({ model }) => model)),
          method: strings(written.map(methodOf)),
          temperature: numbers(Float64Array.from(written, ({ temperature }) => temperature)),
          topK: numbers(Int32Array.from(written, ({ topK }) => topK)),
          topP: numbers(Float64Array.from(written, ({ topP }) => topP)),
          seed: numbers(Int32Array.from(written, ({ seed }) => seed)),
          prompt: strings(written.map(({ prompt }) => prompt)),
          text: strings(written.map(({ text }) => text)),
          finished: booleans(written.map(({ finished }) => finished)),
        },
      ]);
      const cut = cuts.size > 0 ? describeCuts(cuts, shortest) : undefined;
      if (cut !== undefined) context.note(`${context.step}: ${cut}`);
      if (written.length === 0) return {};
      const lines = subjects.map((subject): ModelLine => [
        subject,
        'samples',
        describe(ofModel(written, subject.name)),
      ]);
      const shown = subjects.slice(0, SHOWN).map(({ name }) => {
        const first = ofModel(written, name).findLast(({ prompt }) => prompt === written[0]!.prompt)!;
        return [`sample (${name}, ${methodOf(first)})`, first.text] as const;
      });
      return {
        highlights: {
          ...linesOf(lines),
          ...(cut === undefined ? {} : { prompts: cut }),
          ...Object.fromEntries(shown),
        },
      };
    },
  };
};

const ofModel = (all: readonly Sample[], name: string): Sample[] => all.filter(({ model }) => model === name);

/** How many samples end by themselves, and how much they repeat themselves. */
function describe(own: readonly Sample[]): string {
  const ended = own.filter(({ finished }) => finished).length;
  const repeated = repeatedNgrams(
    own.map(({ text }) => text),
    4,
  );
  const repetition = repeated === null ? '' : `; ${(100 * repeated).toFixed(1)} % of their 4-grams are repeated`;
  return `${ended} of ${own.length} end by themselves${repetition}`;
}

/** The filter that a sample went through, in the field's terms. */
function methodOf({ temperature, topK, topP }: SamplingParameters): string {
  if (temperature === 0) return 'greedy';
  if (topK > 0) return 'top-k';
  return topP < 1 ? 'top-p' : 'temperature';
}
