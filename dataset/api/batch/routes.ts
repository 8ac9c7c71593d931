import type { Server } from '#infra/net/server.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import { hangUp } from '#infra/net/hang-up.ts'
import type { RoutesOptions } from '#dataset/api/routes.ts'
import { DatasetParams } from '#dataset/api/wire.ts'
import { tokenWindows } from './token-windows.ts'
import { Batch, BatchQuery } from './wire.ts'

/** What a trainer is given: the first rows of tokens of a dataset. */
export async function batchRoutes(app: Server, { parts }: RoutesOptions): Promise<void> {
  const schema = {
    operationId: 'previewBatch',
    summary: 'The first rows of tokens of a dataset, as a training batch has them',
    params: DatasetParams,
    querystring: BatchQuery,
    response: { 200: Batch },
  }
  app.get('/v1/datasets/:name/batch', { schema }, async ({ params: { name }, query }, reply) => {
    const { catalog, store } = parts()
    const head = await catalog.head(lineage.tokens(name))
    if (head?.kind !== 'token-version')
      throw new OrreryError('not_found', `Dataset "${name}" is not tokenized, or not yet; \`orrery dataset serve\` does so after each version.`, { name })
    const { rows, sequence_tokens: sequenceTokens } = query
    const windows = await tokenWindows(store, head.manifest, { rows, sequenceTokens, signal: hangUp(reply) })
    return { dataset: name, tokens_version: head.version, of: head.manifest.dataset, tokenizer: head.manifest.tokenizer, rows: windows }
  })
}
