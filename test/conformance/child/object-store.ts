import type { ObjectStore } from '#schemas/object-store.ts'
import { OrreryError } from '#schemas/errors.ts'
import { bodyOf } from '../bodies.ts'
import { program } from './program.ts'

await program<ObjectStore>({
  async write(store, { name, say }) {
    for (let i = 0; ; i++) {
      const key = `written/${i % 7}/by-${name}/${i}`
      await store.put(key, bodyOf(key))
      say({ key })
    }
  },

  /** Puts other bytes than its rivals under the same keys. */
  async rival(store, { name, input, say }) {
    for (const key of input as string[]) {
      try {
        await store.put(key, bodyOf(`${key} by ${name}`))
        say({ key, body: `${key} by ${name}` })
      } catch (cause) {
        if (!(cause instanceof OrreryError)) throw cause
        say({ key, code: cause.code })
      }
    }
  },
})
