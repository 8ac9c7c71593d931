import { OrreryError } from '#schemas/errors.ts'

export interface UploadLimits {
  /** Of bodies that are on their way, together and of one hotkey. */
  atOnce: number
  atOnceOfOne: number
  /** That they may have, as they say, together. */
  bytesAtOnce: number
  /** Who sends fewer bytes than this in `paceMs` is let go. */
  paceBytes: number
  paceMs: number
}

export const usualLimits: UploadLimits = { atOnce: 64, atOnceOfOne: 4, bytesAtOnce: 16 * 2 ** 30, paceBytes: 128 * 2 ** 10, paceMs: 30_000 }

/** Bodies on their way. */
export interface Uploads {
  /**
   * A body that may begin; it counts until it is disposed of. @throws OrreryError `rate_limited`
   */
  begin(hotkey: string, bytes: number): Upload
  readonly count: number
  readonly bytes: number
}

interface Upload extends Disposable {
  /**
   * The pieces of a body as they come. @throws OrreryError `too_large` beyond `bytesMax`, `timed_out` for one that stands still or trickles
   */
  watch(pieces: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array>
}

export function boundedUploads(limits: UploadLimits = usualLimits): Uploads {
  const ofHotkey = new Map<string, number>()
  let [count, held] = [0, 0]
  return {
    begin(hotkey, bytes) {
      const own = ofHotkey.get(hotkey) ?? 0
      if (own >= limits.atOnceOfOne) throw refuse(`${own} uploads of ${hotkey} are on their way`)
      if (count >= limits.atOnce || held + bytes > limits.bytesAtOnce)
        throw refuse(`${count} uploads of ${held} bytes are on their way, and there is no room for ${bytes} more`)
      ofHotkey.set(hotkey, own + 1)
      count++
      held += bytes
      let isOver = false
      return {
        watch: (pieces, bytesMax) => watched(pieces, bytesMax, limits),
        [Symbol.dispose]() {
          if (isOver) return
          isOver = true
          count--
          held -= bytes
          const left = (ofHotkey.get(hotkey) ?? 1) - 1
          if (left === 0) ofHotkey.delete(hotkey)
          else ofHotkey.set(hotkey, left)
        },
      }
    },
    get count() {
      return count
    },
    get bytes() {
      return held
    },
  }
}

const refuse = (why: string): OrreryError => new OrreryError('rate_limited', `${why}; send it again when others have ended.`, { retry_after_seconds: 10 })

/** A piece that does not come is not waited for: whoever waits for it is told, and the source is let go. */
async function* watched(pieces: AsyncIterable<Uint8Array>, bytesMax: number, { paceBytes, paceMs }: UploadLimits): AsyncGenerator<Uint8Array> {
  const source = pieces[Symbol.asyncIterator]()
  const slow = Promise.withResolvers<never>()
  slow.promise.catch(() => undefined)
  let [bytes, before] = [0, 0]
  const timer = setInterval(() => {
    if (bytes - before < paceBytes)
      slow.reject(new OrreryError('timed_out', `Fewer than ${paceBytes} bytes of the upload came in ${paceMs / 1000} s; send it again over a better line.`))
    before = bytes
  }, paceMs)
  try {
    for (;;) {
      const { done, value } = await Promise.race([source.next(), slow.promise])
      if (done) return
      bytes += value.length
      if (bytes > bytesMax) throw new OrreryError('too_large', `The upload has more than the ${bytesMax} bytes that it may have; split it.`, { bytesMax })
      yield value
    }
  } finally {
    clearInterval(timer)
    void Promise.resolve(source.return?.()).catch(() => undefined)
  }
}
