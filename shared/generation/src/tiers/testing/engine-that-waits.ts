/** @file A process with an engine whose attention is computed by a worker; says its process id when that is at work, and goes on for ever. */
import { useBackend } from '@arrowsmith/engine';
import { decoderConfig, initialWeights, modelParameters, tensorsOf } from '@arrowsmith/model';
import { Engine } from '../../engine/index.ts';
import { generationParameters } from '../../sampling/index.ts';
import { AttentionWorkers } from '../attention-workers.ts';

await useBackend('cpu');
const sizes = { hiddenSize: 8, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 8 };
const config = decoderConfig(modelParameters.parse(sizes), { vocabularySize: 9, contextLength: 64 });
const workers = new AttentionWorkers({ count: 1 });
const engine = new Engine({ config, parameters: tensorsOf(initialWeights(config, 1)) }, { attention: workers });
const parameters = generationParameters.parse({ maximumTokens: 60, temperature: 0 });
const write = async (id: number) => {
  for await (const { kind } of engine.generate({ prompt: [id], parameters })) if (kind === 'end') return;
};
for (;;) {
  await write(1);
  console.log(JSON.stringify(workers.state().map(({ pid }) => pid)));
}
