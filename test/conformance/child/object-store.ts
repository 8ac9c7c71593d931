import type { ObjectStore } from '#schemas/object-store.ts'
import { OrreryError } from '#schemas/errors.ts'
import { bodyOf } from '../bodies.ts'
import { program } from './program.ts'

async function* halves(body: Uint8Array): AsyncGenerator<Uint8Array> {
  const middle = body.length >> 1
  yield body.subarray(0, middle)
  yield body.subarray(middle)
}

await program<ObjectStore>({
  async write(store, { name, say }) {
    for (let i = 0; ; i++) {
      const key = `written/${i % 7}/by-${name}/${i}`
      await store.put(key, bodyOf(key))
      say({ key })
    }
  },

  /** The same by streams. */
  async stream(store, { name, say }) {
    for (let i = 0; ; i++) {
      const key = `written/${i % 7}/by-${name}/${i}`
      await store.put(key, halves(bodyOf(key)))
      say({ key })
    }
  },

  /** One stream without an end; says so at each piece. */
  async endless(store, { say }) {
    const pieces = async function* () {
      for (let piece = 0; ; piece++) {
        yield bodyOf(String(piece))
        say({ piece })
      }
    }
    await store.put('endless', pieces())
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
