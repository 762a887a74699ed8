/** @file The stage `quantize`: matrices become numbers of fewer bits. */
import * as z from 'zod';
import { engineParameters } from '@arrowsmith/engine/parameters';
import { resolveEngine } from '@arrowsmith/engine/resolve';
import { declareStage, one, optional } from '@arrowsmith/pipeline/stage';
import { calibrates, METHODS, methods } from '@arrowsmith/quantization/methods';
import {
  ACTIVATION_PRECISIONS,
  formatParameter,
  formatsParameter,
  PLANE_FORMATS,
} from '@arrowsmith/quantization/parameters';
import { checkRows } from './check-rows.ts';

const fields = z.strictObject({
  format: formatParameter
    .default('int8')
    .describe(
      'How matrices are stored; int8: symmetric, one scale per output channel (row of a weight). Rows that are no whole number of blocks have another by rule (docs/quantization.md).',
    ),
  formats: formatsParameter.optional().describe('Formats of parts of the model.'),
  encoding: z
    .enum(['plain', 'planes'])
    .default('plain')
    .describe(
      'How the numbers of f32, f16 and bf16 are written; planes: as bit planes, compressed without loss (docs/quantization.md). What reads models reads both.',
    ),
  method: z
    .enum(methods)
    .default('nearest')
    .describe(
      `How values are rounded. ${methods.map((method) => `${method}: ${METHODS[method]}`).join('; ')}. All but nearest look at rows first, and need \`inputs: { rows: chunk }\`.`,
    ),
  alpha: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      'Of smoothquant: how much of what makes activations hard to quantize moves to the weights; 0: none, 1: all. Default: 0.5.',
    ),
  calibrationRows: z
    .int()
    .min(1)
    .default(128)
    .describe('Rows of the training split that methods look at, evenly spread; all where there are fewer.'),
  compare: z
    .strictObject({
      formats: z.array(formatParameter).min(1).describe('Formats, each for all matrices.'),
      methods: z.array(z.enum(methods)).min(1).default(['nearest']).describe('Methods, each with all formats.'),
      activations: z
        .array(z.enum(ACTIVATION_PRECISIONS))
        .min(1)
        .default(['f32'])
        .describe(
          'What matrices are multiplied with, each with all formats and methods; int8: quantized as they come, by the backend native, for formats of integers.',
        ),
      rows: z.int().min(1).optional().describe('Rows of the validation split, evenly spread. Default: all.'),
    })
    .optional()
    .describe(
      'Measure formats and methods beside each other: bytes, errors, and the loss over the validation split against that of the model as it was. Needs `inputs: { rows: chunk }`; what is stored stays `format` by `method`.',
    ),
  ...engineParameters,
});

/** The formats that are asked for, of all matrices and of parts. */
const formatsOf = ({ format, formats = {} }: z.infer<typeof fields>): string[] => [
  ...new Set([format, ...Object.values(formats).filter((each) => each !== undefined)]),
];

/** The methods that are asked for, of what is stored and of what is compared. */
const methodsOf = ({ method, compare }: z.infer<typeof fields>): readonly string[] => [
  method,
  ...(compare?.methods ?? []),
];

const parameters = fields
  .refine((asked) => asked.encoding === 'plain' || formatsOf(asked).some((format) => PLANE_FORMATS.includes(format)), {
    path: ['encoding'],
    error: ({ input }) =>
      `there is nothing to be written as bit planes: only f32, f16 and bf16 can be, and matrices are ${formatsOf(input as z.infer<typeof fields>).join(', ')}; set format to one of them, e.g. bf16, or leave encoding out`,
  })
  .refine((asked) => asked.alpha === undefined || methodsOf(asked).includes('smoothquant'), {
    path: ['alpha'],
    error: ({ input }) =>
      `does nothing by the method ${methodsOf(input as z.infer<typeof fields>).join(', ')}: it is of smoothquant; leave it out, or set method to smoothquant`,
  });

export type QuantizeParameters = z.infer<typeof parameters>;

export default declareStage({
  name: 'quantize',
  description: 'Quantizes the weights and measures the error',
  inputs: { model: one('model'), rows: optional('rows') },
  makes: ['model'],
  parameters,
  notInKey: ['threads'],
  // Rounding to the nearest computes with no tensors.
  environment(asked, about) {
    const { method, compare, backend } = asked;
    checkRows(asked, about('rows') !== undefined);
    return calibrates(method) || compare !== undefined ? resolveEngine({ backend }) : {};
  },
});
