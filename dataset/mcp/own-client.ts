import type { FastifyRequest, InjectOptions } from 'fastify'
import { inNameOf } from '#infra/net/api-access.ts'
import type { Server } from '#infra/net/server.ts'
import { askedUntil } from '#infra/net/hang-up.ts'
import { datasetClient, type DatasetClient } from '#dataset/client/client.ts'

/** Who asks: what a service goes by to tell whether they may. */
export type Caller = Pick<FastifyRequest, 'headers' | 'socket' | 'apiKey'>

const passedOn = ['authorization', 'x-api-key', 'host', 'origin', 'forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-real-ip', 'via'] as const

/** An agent is told sooner than it gives up, and reads all of an answer. */
export const agentLimits = { patienceMs: 5000, answerBytesMax: 256 * 1024 }

/** Asks the service itself, without a connection, in the name of its caller. @param caller absent: who has the process */
export const ownClient = (app: Pick<Server, 'inject'>, caller?: Caller): DatasetClient =>
  datasetClient({ baseUrl: 'http://localhost', fetch: injectFetch(app, caller), ...agentLimits })

/** Keys, scopes and admission are those of the API. */
const injectFetch =
  (app: Pick<Server, 'inject'>, caller: Caller | undefined): typeof fetch =>
  async (input, init = {}) => {
    const { pathname, search } = new URL(String(input))
    const own = Object.fromEntries(passedOn.flatMap((name) => (caller?.headers[name] === undefined ? [] : [[name, caller.headers[name]]])))
    const asked: InjectOptions = {
      method: init.method === 'POST' ? 'POST' : 'GET',
      url: `${pathname}${search}`,
      headers: { ...(init.headers as Record<string, string>), ...own },
      ...(typeof init.body === 'string' ? { payload: init.body } : {}),
      ...(caller?.socket.remoteAddress === undefined ? {} : { remoteAddress: caller.socket.remoteAddress }),
    }
    // Awaited in there: until then nothing is asked.
    const { statusCode, headers, rawPayload } = await askedUntil(init.signal, () => inNameOf(caller?.apiKey ?? null, async () => await app.inject(asked)))
    return new Response(new Uint8Array(rawPayload), { status: statusCode, headers: headersOf(headers) })
  }

const headersOf = (headers: Record<string, number | string | string[] | undefined>): [string, string][] =>
  Object.entries(headers).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, String(value)]]))
