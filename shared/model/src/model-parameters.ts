/** @file What a person may say of an architecture in a pipeline file. Whatever is left out is the family's. Imports no tfjs. */
import * as z from 'zod';
import { families } from './families/index.ts';
import { chooseOptions, headDimOf } from './families/family.ts';
import { chosenOptions } from './options.ts';
import { defaultLearningRate, tunedWidth } from './tuned-defaults.ts';

const familyNames = Object.keys(families) as [keyof typeof families, ...(keyof typeof families)[]];

/** The architecture's parameters, as they stand in a pipeline file. */
export const modelParameters = z
  .strictObject({
    family: z
      .enum(familyNames)
      .default('llama3')
      .describe(
        `Model family, which decides whatever is left out. ${Object.entries(families)
          .map(([name, { summary }]) => `${name}: ${summary}`)
          .join('; ')}.`,
      ),
    ...chosenOptions.shape,
  })
  .superRefine((parameters, context) => {
    const issue = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: path.split('.'), message });
    const options = chooseOptions(families[parameters.family], parameters);
    const { hiddenSize, heads, kvHeads, layers, moe, matformer, intermediateSize, sharedKvLayers, altUp } = options;
    if (heads % kvHeads !== 0) issue('kvHeads', `must divide heads (${heads}), but is ${kvHeads}`);
    const headDim = headDimOf(options);
    if (!Number.isInteger(headDim)) {
      issue('hiddenSize', `must be a multiple of heads (${heads}) when headDim is left out, but is ${hiddenSize}`);
    } else if (headDim % 2 !== 0) {
      issue('headDim', `must be even, as rotary embedding turns pairs, but is ${headDim}`);
    }
    if (moe !== undefined && moe.topK > moe.experts) {
      issue('moe.topK', `must be at most the number of experts (${moe.experts}), but is ${moe.topK}`);
    }
    const parts = 2 ** (matformer.granularities - 1);
    if (intermediateSize % parts !== 0) {
      issue(
        'matformer.granularities',
        `${matformer.granularities} need an intermediateSize that ${parts} divides, but it is ${intermediateSize}`,
      );
    }
    if (matformer.granularities > 1 && moe !== undefined) {
      issue('matformer.granularities', 'must be 1 in a mixture of experts, whose experts are not nested');
    }
    if (sharedKvLayers >= layers) {
      issue('sharedKvLayers', `must be less than layers (${layers}), but is ${sharedKvLayers}`);
    }
    if (altUp !== null && altUp.active >= altUp.inputs) {
      issue('altUp.active', `must be below altUp.inputs (${altUp.inputs}), but is ${altUp.active}`);
    }
  });

export type ModelParameters = z.infer<typeof modelParameters>;

/** The peak learning rate that suits a model, where nobody chose one. */
export function learningRateFor({ family, ...chosen }: ModelParameters): number {
  return defaultLearningRate(tunedWidth(chooseOptions(families[family], chosen)));
}
