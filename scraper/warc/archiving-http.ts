import type { Http } from '#infra/net/http.ts'
import type { ArchivedExchange } from './warc-record.ts'
import type { WarcWriter } from './warc-writer.ts'

type HttpAnswer = Awaited<ReturnType<Http['get']>>
type Came = Pick<ArchivedExchange, 'status' | 'headers' | 'body' | 'isPacked' | 'truncated'>

/** The same client, whose every answer is archived before it is given on, whatever it was asked for, as far as it came. @throws what writing throws */
export const archivingHttp = (http: Http, archive: Pick<WarcWriter, 'write'>): Http => ({
  ...http,
  async get(url, options) {
    const answer = await http.get(url, { ...options, partial: true })
    const came = cameOf(answer)
    if (came) await archive.write({ ...came, url: answer.url, requestHeaders: options?.headers ?? {}, address: answer.address })
    return answer
  },
})

/** undefined: nothing came. */
function cameOf(answer: HttpAnswer): Came | undefined {
  if (answer.ok) {
    const { status, headers, body, truncated } = answer
    return { status, headers, body, ...(truncated && { truncated: 'length' }) }
  }
  const { partial, reason } = answer
  if (!partial) return undefined
  const { status, headers, wire } = partial
  const isWhole = reason === 'bad_encoding' || reason === 'ratio_too_high'
  return { status, headers, body: wire, isPacked: true, ...(!isWhole && { truncated: truncations[reason] ?? 'unspecified' }) }
}

const truncations: Partial<Record<Extract<HttpAnswer, { ok: false }>['reason'], ArchivedExchange['truncated']>> = {
  truncated_body: 'disconnect',
  connection_failed: 'disconnect',
  body_timeout: 'time',
  timeout: 'time',
  too_large: 'length',
}
