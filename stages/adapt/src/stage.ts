/** @file What the stage `adapt` does: trains adapters beside the matrices of a model that it keeps in memory as it is stored. */
import { weightBatches, weightsTable } from '@arrowsmith/artifacts';
import { describeEngine, type Engine, engineNotices, useBackend } from '@arrowsmith/engine';
import { UserError } from '@arrowsmith/errors';
import { adapterConfig, countAdapterParameters, countParameters, type DecoderConfig } from '@arrowsmith/model';
import { disposeWeight } from '@arrowsmith/ops';
import { implementStage } from '@arrowsmith/pipeline/stage';
import { ADAPTER_FILE, adapterMetadata, storeAdapter } from '@arrowsmith/quantization/adapter';
import { frozenParameters, openModel, WEIGHTS_FILE } from '@arrowsmith/quantization/model';
import { readTokenTable, train } from '@arrowsmith/training';
import { checkRows, startSession } from '@arrowsmith/training-session';
import declaration from './declaration.ts';
import { engineRequest } from './engine-request.ts';

export default implementStage(declaration, async (context) => {
  const {
    rank,
    alpha,
    projections,
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
  const source = context.input('model');
  const model = await openModel(await source.file(WEIGHTS_FILE));
  checkRows(rows, model.config, source.step);
  refuseNested(model.config, source.step);
  const config = { ...model.config, confineAttention: confineAttention ?? model.config.confineAttention };
  const adapters = adapterConfig(config, { rank, alpha, projections }, context.step);
  const [learning, all] = [countAdapterParameters(config, adapters), countParameters(config)];
  const share = `${learning.toLocaleString('en-US')} parameters learn, beside ${all.toLocaleString('en-US')} that do not`;
  onNotice(`${share}, on the backend ${describeEngine(engine)}`);
  const session = await startSession(context, {
    engine,
    config,
    parameters,
    samples,
    profile,
    tokensPerRow: rows.contextLength,
    adapt: { adapters, stored: model.sizes },
    onNotice,
  });

  const base = frozenParameters(model);
  const { weights, log } = await train({
    config,
    parameters,
    adapt: { adapters, base, digest: source.digest },
    train: rows,
    validation: validationRows,
    checkpointDirectory: context.stateDirectory,
    ...session.hooks,
  }).finally(() => Object.values(base).forEach(disposeWeight));
  const { metrics, highlights } = await session.end(log);

  const tensors = storeAdapter(weights);
  const metadata = adapterMetadata({ adapters, config, base: source.digest });
  await context.table(ADAPTER_FILE, weightsTable, metadata, weightBatches(tensors));
  const bytes = Object.values(tensors).reduce((sum, tensor) => sum + tensor.bytes.length, 0);
  return {
    metadata: { ...metadata, parameters: learning, bytes, steps: parameters.steps, from: source.digest },
    metrics: {
      parameters: { value: learning, unit: 'parameters', headline: true, guard: 'exact' },
      baseParameters: { value: all, unit: 'parameters' },
      bytes: { value: bytes, unit: 'bytes', better: 'lower' },
      ...metrics,
    },
    highlights: {
      parameters: `${share} (${((100 * learning) / all).toFixed(2)} %)`,
      adapters: `rank ${rank}, alpha ${alpha}, of ${adapters.projections.join(', ')}`,
      ...highlights,
    },
  };
});

/** @throws UserError for a nested model, whose smaller ones have other matrices than adapters would be beside */
function refuseNested({ matformer: { granularities } }: DecoderConfig, step: string): void {
  if (granularities === 1) return;
  throw new UserError({
    what: `the model of ${step} is a nested one, and adapters are of one model`,
    expected: 'a model by itself',
    found: `${granularities} models within each other`,
    fix: 'take one out by the stage `extract`, and adapt that',
  });
}
