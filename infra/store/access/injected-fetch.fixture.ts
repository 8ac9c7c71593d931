import type { Service } from './served.fixture.ts'

/** A fetch that asks a service without a port. */
export const injectedFetch =
  ({ app }: Pick<Service, 'app'>): typeof globalThis.fetch =>
  async (input, init) => {
    const request = new Request(input, { ...init, signal: null })
    const url = new URL(request.url)
    const payload = request.body === null ? undefined : Buffer.from(await request.arrayBuffer())
    const headers = { ...Object.fromEntries(request.headers), host: url.host }
    const answer = await app.inject({ method: request.method as 'GET', url: url.pathname + url.search, headers, ...(payload && { payload }) })
    const isEmpty = answer.statusCode === 204 || answer.statusCode === 304
    return new Response(isEmpty ? null : new Uint8Array(answer.rawPayload), {
      status: answer.statusCode,
      headers: { 'content-type': String(answer.headers['content-type'] ?? '') },
    })
  }
