import type { Http } from '#infra/net/http.ts'
import type { WarcWriter } from './warc-writer.ts'

/** The same client, whose every answer is archived before it is given on, whatever it was asked for, as far as it came. @throws what writing throws */
export const archivingHttp = (http: Http, archive: Pick<WarcWriter, 'write'>): Http => ({
  ...http,
  async get(url, options) {
    const answer = await http.get(url, options)
    const requestHeaders = options?.headers ?? {}
    if (answer.ok) {
      const { status, headers, body, address, truncated } = answer
      await archive.write({ url: answer.url, requestHeaders, status, headers, body, address, ...(truncated && { truncated: 'length' }) })
    }
    return answer
  },
})
