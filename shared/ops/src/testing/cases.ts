/**
 * @file Cases of every operation: seeded inputs of all kinds of shapes, the operation on them, and the formula for it. Any backend's
 * kernels can be run on them; see {@link measureCase}.
 */
import { altUpCases } from './cases/alt-up.ts';
import { attentionCases } from './cases/attention.ts';
import { attentionMaskCases } from './cases/attention-masks.ts';
import type { OpCase } from './cases/case.ts';
import { embeddingCases } from './cases/embedding.ts';
import { feedForwardCases } from './cases/feed-forward.ts';
import { gateCases } from './cases/gates.ts';
import { linearCases } from './cases/linear.ts';
import { mixtureCases } from './cases/mixture.ts';
import { layerNormCases, rmsNormCases } from './cases/norm.ts';
import { adamWCases, globalNormCases, muonCases } from './cases/optimizer.ts';
import { outputLayerCases } from './cases/output-layer.ts';
import { ropeCases } from './cases/rope.ts';
import { rowCases } from './cases/rows.ts';
import { streamCases } from './cases/streams.ts';

export { awaitCase, measureCase, runCase } from './cases/measure.ts';

/** All cases. */
export const opCases: readonly OpCase[] = [
  ...altUpCases,
  ...attentionCases,
  ...attentionMaskCases,
  ...layerNormCases,
  ...linearCases,
  ...mixtureCases,
  ...rmsNormCases,
  ...ropeCases,
  ...rowCases,
  ...streamCases,
  ...gateCases,
  ...feedForwardCases,
  ...embeddingCases,
  ...outputLayerCases,
  ...globalNormCases,
  ...adamWCases,
  ...muonCases,
];
