import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'

/** A store that counts the bytes put into it, by the first part of their keys: `store.written{under=data}`. */
export function countedStore(store: ObjectStore, telemetry: Telemetry): ObjectStore {
  return {
    ...store,
    async put(key, body) {
      await store.put(key, body)
      telemetry.count('store.written', body.length, { under: key.split('/', 1)[0] ?? '' })
    },
  }
}
