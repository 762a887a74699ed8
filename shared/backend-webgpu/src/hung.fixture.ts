/** @file A process whose graphics processor never comes to the end of a kernel: it prints what it is told, and ends as commands do. */
import { startWebGpuBackend } from './index.ts';
import { defineShader } from './shader.ts';

const backend = await startWebGpuBackend();
const endless = defineShader({
  name: 'endless',
  bindings: { x: 'atomics', y: 'out f32' },
  parameters: { size: 'u32' },
  workgroupSize: [1, 1],
  body: 'while (atomicLoad(&x[0]) == 0u) { y[0] += 1.0; }',
});
const [x, y] = [backend.words(new Uint8Array(4)), backend.output([1])];
endless(backend, { x, y }, { size: 1 }, [1]);
backend.patience = 1;
for (let turn = 0; turn < 2; turn++) {
  await backend.read(y.dataId).catch((error: Error) => process.stdout.write(`${error.message}\n`));
}
process.exit(1);
