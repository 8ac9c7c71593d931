import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { createTelemetry } from '../telemetry/telemetry.ts'
import { countedStore } from './counted.ts'
import { folderStore } from './folder.ts'

async function* piecesOf(...pieces: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece)
}

test('counts what is put, and refuses what is not expected as the store does', async () => {
  const telemetry = createTelemetry()
  const store = countedStore(folderStore(await temporaryFolder()), telemetry)
  await store.put('data/a', Buffer.from('abc'))
  await store.put('data/b', piecesOf('ab', 'cd'), { sha256: sha256Hex('abcd'), bytes: 4 })
  const other = { sha256: sha256Hex('abce'), bytes: 4 }
  for (const body of [Buffer.from('abcd'), piecesOf('ab', 'cd')])
    await expect(store.put('data/c', body, other)).rejects.toMatchObject({ code: 'invalid_record' })
  expect(await store.head('data/c')).toBeUndefined()
  expect(telemetry.snapshot()).toEqual({ 'store.written{under=data}': 7 })
})
