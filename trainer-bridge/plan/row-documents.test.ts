import { expect, test } from 'vitest'
import { OrreryError } from '#schemas/errors.ts'
import { decodeTokenShard } from '#schemas/token-shard.ts'
import { goldenRun } from '#test/golden/run.ts'
import { tokenDataset } from '#test/golden/tokens.ts'
import { rowDocuments } from './row-documents.ts'

test.each(['stream', 'best_fit'] as const)('each row says which documents it is made of and where they end: %s', async (packing) => {
  // Documents have 64 tokens; the second shard ends with one of 8.
  const dataset = tokenDataset({ strata: { web: [640, 200] } })
  const run = goldenRun()
  const plan = await run.next(dataset, 1, { geometry: { rows: 1, sequence_tokens: 100, packing } })
  const batches = await run.batches(plan!)
  const store = {
    async get(key: string, range?: { start: number; end: number }) {
      const bytes = dataset.objects.get(key)
      if (!bytes) throw new OrreryError('not_found', `There is no ${key}.`)
      return bytes.slice(range?.start, range?.end)
    },
  }
  const documents = rowDocuments({ store, tokenizer: dataset.manifest.tokenizer })
  const ids = new Map(dataset.shards.map(({ shard }) => [shard.sha256, decodeTokenShard(dataset.objects.get(shard.key)!).documentIds]))
  for (let k = 0; k < batches.length; k++) {
    const batch = await batches.batch(k)
    const [row] = await documents.of(batch)
    // Token by token, by hand.
    const expected: { id: string; end: number; isCut: boolean }[] = []
    let at = 0
    for (const { shard, start, tokens } of batch.windows[0]!.pieces)
      for (let token = start; token < start + tokens; token++) {
        const id = ids.get(shard.sha256)![Math.floor(token / 64)]!
        const isCut = (token + 1) % 64 !== 0 && token + 1 !== shard.tokens
        at++
        if (token > start && expected.at(-1)?.id === id) expected[expected.length - 1] = { id, end: at, isCut }
        else expected.push({ id, end: at, isCut })
      }
    expect(row).toEqual(expected)
  }
})
