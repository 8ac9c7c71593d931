import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'

/** A store that counts the bytes given to it, by the first part of their keys: `store.written{under=data}`. */
export function countedStore(store: ObjectStore, telemetry: Telemetry): ObjectStore {
  return {
    ...store,
    async put(key, body, expected) {
      const given = { bytes: 0 }
      await store.put(key, body instanceof Uint8Array ? body : counting(body, given), expected)
      telemetry.count('store.written', body instanceof Uint8Array ? body.length : given.bytes, { under: key.split('/', 1)[0] ?? '' })
    },
  }
}

async function* counting(body: AsyncIterable<Uint8Array>, given: { bytes: number }): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    given.bytes += piece.length
    yield piece
  }
}
