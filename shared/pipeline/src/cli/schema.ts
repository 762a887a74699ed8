/** @file `npm run schema`: writes pipelines/pipeline.schema.json from the stages' parameter schemas. */
import { join } from 'node:path';
import { writeFileAtomic } from '@arrowsmith/artifacts/store';
import { pipelineJsonSchema } from '../pipeline-file.ts';
import { loadDeclarations } from '../workspace.ts';
import { main } from './main.ts';

await main(async ({ root }) => {
  const schema = pipelineJsonSchema(await loadDeclarations(root));
  await writeFileAtomic(join(root, 'pipelines', 'pipeline.schema.json'), `${JSON.stringify(schema, null, 2)}\n`);
});
