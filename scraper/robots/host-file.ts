import type { Http } from '#infra/net/http.ts'
import { isRedirect } from '#infra/net/exchange.ts'
import { headerValue, percentEncodedBytes } from '#infra/net/header-lines.ts'
import { textBytes } from '#infra/recent-values.ts'
import { robotsBytesMax } from './robots-txt.ts'

/** What a request for a file came to; the client's own answers are such. */
export type FileAnswer = Extract<Awaited<ReturnType<Http['get']>>, { ok: true }> | { ok: false; reason: string; address?: string | undefined }

/**
 * Makes one request, redirects not followed, and has its answer read before the host is let go, so that what the file asks for holds from then on.
 * @returns what was read; undefined: not now, come again
 * @throws what reading threw, and the signal's reason when it is aborted
 */
export type AskFile = <T>(url: string, read: (answer: FileAnswer) => Promise<T>) => Promise<T | undefined>

/** How a file is asked for: as far as RFC 9309 §2.5 has it, redirects not followed. */
export const fileRequest = { bytesMax: robotsBytesMax, truncate: true, redirectsMax: 0 } as const

/** For whoever asks a host for nothing but this. */
export const askAtOnce =
  (http: Pick<Http, 'get'>, signal?: AbortSignal): AskFile =>
  async (url, read) =>
    read(await http.get(url, { ...fileRequest, ...(signal && { signal }) }))

/** For whoever wants to know no more than is known. */
export const askNobody: AskFile = async () => undefined

/** RFC 9309 §2.3.1.2 wants at least five. */
const redirectsMax = 5

/** The way to a file of a host, hop by hop: each is a request of its own, in the turn of the host that it leads to. */
export class FileWalk {
  readonly #visited: string[]

  constructor(file: string) {
    this.#visited = [file]
  }

  /** What is to be asked now. */
  get url(): string {
    return this.#visited.at(-1) ?? ''
  }

  /** What it takes to remember it. */
  get bytes(): number {
    return this.#visited.reduce((sum, url) => sum + textBytes(url), 0)
  }

  /** `there`: what the answer says is what the file says; `moved`: `url` is another now; `lost`: a loop, too many redirects, or one to nowhere. */
  enter(answer: FileAnswer): 'there' | 'moved' | 'lost' {
    if (!answer.ok || !isRedirect(answer.status)) return 'there'
    const location = headerValue(answer.headers, 'location')
    const next = location === undefined ? null : URL.parse(percentEncodedBytes(location), this.url)
    if (!next || !/^https?:$/.test(next.protocol)) return 'lost'
    next.hash = ''
    if (this.#visited.includes(next.href) || this.#visited.length > redirectsMax) return 'lost'
    this.#visited.push(next.href)
    return 'moved'
  }
}

/** Whether the file may be there another time: its host says "later", or fails. */
export const isLater = (status: number): boolean => status === 429 || status >= 500

/**
 * Asks hop after hop.
 * @param read what the file says, of the answer at the end of the way; `undefined` where its redirects come to no file
 * @returns false: not now; the walk is where it was left
 */
export async function walkToFile(walk: FileWalk, ask: AskFile, read: (answer: FileAnswer | undefined) => Promise<void>): Promise<boolean> {
  for (;;) {
    const came = await ask(walk.url, async (answer) => {
      const step = walk.enter(answer)
      if (step !== 'moved') await read(step === 'there' ? answer : undefined)
      return step
    })
    if (came !== 'moved') return came !== undefined
  }
}
