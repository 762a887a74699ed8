/** @file What the stage `train` does: trains a decoder on rows of token ids and writes its weights and log. */
import { weightBatches, weightsTable } from '@arrowsmith/artifacts';
import {
  countActiveParameters,
  countEffectiveParameters,
  kvCacheBytesPerToken,
  countParameters,
  type DecoderConfig,
} from '@arrowsmith/model';
import { describeEngine, type Engine, engineNotices, useBackend } from '@arrowsmith/engine';
import { whyNotGguf } from '@arrowsmith/formats/gguf-limits';
import { implementStage } from '@arrowsmith/pipeline/stage';
import { modelMetadata, storeWeights, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import { firstQuantizedStep, readTokenTable, train } from '@arrowsmith/training';
import { startSession } from '@arrowsmith/training-session';
import declaration from './declaration.ts';
import { engineRequest } from './engine-request.ts';
import { startOf } from './start.ts';

export default implementStage(declaration, async (context) => {
  const {
    model,
    confineAttention,
    backend: _,
    threads,
    precision: __,
    profile,
    samples,
    ...parameters
  } = context.parameters;
  const engine = context.environment as Engine;
  const onNotice = (notice: string) => context.note(`${context.step}: ${notice}`);
  const about = (port: string) => context.inputs(port)[0]?.metadata;
  engineNotices(engineRequest(context.parameters, about)).forEach(onNotice);
  await useBackend(engine.backend, { precision: engine.precision, threads, expected: engine, onNotice });
  const rows = await readTokenTable(await context.input('rows').file('train.arrow'));
  const validationRows = await readTokenTable(await context.input('rows').file('validation.arrow'));
  const [base] = context.inputs('model');
  const start = await startOf(base, { model, confineAttention }, rows);
  const { config } = start;
  const parameterCount = countParameters(config);
  onNotice(`${parameterCount.toLocaleString('en-US')} parameters on the backend ${describeEngine(engine)}`);
  const unheld = whyNotGguf(config);
  if (unheld !== undefined) onNotice(`cannot be exported as GGUF (docs/export.md): ${unheld}`);
  const { quantization } = parameters;
  const quantized =
    quantization === undefined
      ? undefined
      : `${quantization.format} from step ${firstQuantizedStep(parameters)} of ${parameters.steps}`;
  if (quantized !== undefined) onNotice(`quantization-aware: ${quantized}`);
  const tokensPerRow = rows.contextLength;
  const session = await startSession(context, {
    engine,
    config,
    parameters,
    samples,
    profile,
    tokensPerRow,
    onNotice,
  });
  const { weights, log } = await train({
    config,
    parameters,
    weights: start.weights,
    train: rows,
    validation: validationRows,
    checkpointDirectory: context.stateDirectory,
    ...session.hooks,
  });
  const { metrics, highlights } = await session.end(log);

  const tensors = storeWeights(weights);
  const metadata = modelMetadata(config, tensors);
  await context.table(WEIGHTS_FILE, weightsTable, { config: metadata.config }, weightBatches(tensors));
  return {
    metadata: { ...metadata, steps: parameters.steps, ...(base === undefined ? {} : { from: base.digest }) },
    metrics: {
      parameters: { value: parameterCount, unit: 'parameters', headline: true, guard: 'exact' },
      activeParameters: { value: countActiveParameters(config), unit: 'parameters' },
      kvCacheBytesPerToken: { value: kvCacheBytesPerToken(config), unit: 'bytes per token' },
      ...metrics,
    },
    highlights: {
      parameters: describeParameters(config),
      ...highlights,
      ...(quantized === undefined ? {} : { 'quantization-aware': quantized }),
    },
  };
});

/** The number of parameters; how many of them compute a token, where experts are chosen; and how many need to be in memory. */
function describeParameters(config: DecoderConfig): string {
  const [all, active, effective] = [countParameters, countActiveParameters, countEffectiveParameters].map((count) =>
    count(config).toLocaleString('en-US'),
  );
  const hasExperts = config.layers.some(({ ffn }) => ffn.kind === 'moe');
  return [
    all,
    ...(hasExperts ? [`${active} compute a token`] : []),
    ...(effective === all ? [] : [`${effective} effective, without per-layer embeddings`]),
  ].join(', ');
}
