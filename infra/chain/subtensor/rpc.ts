import type { Socket } from 'node:net'
import { Agent, buildConnector, WebSocket } from 'undici'
import { OrreryError } from '#schemas/errors.ts'

/** The largest message of a node: a block of Subtensor has 5 MiB, in hex twice that. What is larger costs the connection. */
const messageBytesMax = 16 * 2 ** 20
const saidMax = 1000

/** JSON-RPC 2.0 over a WebSocket to a node that nobody trusts: whatever it sends may cost the connection, and no more. It does not connect again by itself. */
export interface Rpc extends AsyncDisposable {
  /** As messages name it: providers put keys into the rest of a URL. */
  readonly endpoint: string
  isOpen(): boolean
  /** @throws RpcError where the node answers with one; OrreryError `timed_out`, `upstream_failed` where the connection is gone */
  call<T>(method: string, params: readonly unknown[]): Promise<T>
  /** What a subscription tells, until the function that it resolves with is called. */
  subscribe(methods: { begin: string; end: string }, params: readonly unknown[], tell: (result: unknown) => void): Promise<() => void>
}

/** The node answered, with an error of JSON-RPC. */
export class RpcError extends Error {
  readonly code: number

  constructor(code: number, message: string, data: unknown) {
    const more = data === undefined ? '' : `: ${typeof data === 'string' ? data : JSON.stringify(data)}`
    super(`${code}: ${message}${more}`.slice(0, saidMax))
    this.name = 'RpcError'
    this.code = code
  }
}

interface Waiting {
  resolve(value: unknown): void
  reject(cause: unknown): void
  /** Of a subscription: its id is known before the next message comes. */
  tell: ((result: unknown) => void) | undefined
  timer: NodeJS.Timeout
}

/** Connects. @throws OrreryError `upstream_failed` */
export async function openRpc(url: string, callMs: number): Promise<Rpc> {
  const { protocol, host } = new URL(url)
  const endpoint = `${protocol}//${host}`
  const waiting = new Map<number, Waiting>()
  const subscriptions = new Map<string, (result: unknown) => void>()
  let lastId = 0
  let socket: Socket | undefined
  const connect = buildConnector({})
  const agent = new Agent({
    webSocket: { maxPayloadSize: messageBytesMax },
    connect: (options, done) =>
      connect(options, (error, made) => {
        if (error) return done(error, null)
        socket = made
        done(null, made)
      }),
  })
  const ws = new WebSocket(url, { dispatcher: agent })
  const isOpen = () => ws.readyState === WebSocket.OPEN
  const lost = (why: string) => new OrreryError('upstream_failed', `The connection to ${endpoint} is gone${why && `: ${why}`}.`, { endpoint })

  /** A peer that says no goodbye must not keep the socket. */
  function end(why = ''): void {
    ws.close()
    setImmediate(() => socket?.destroy())
    subscriptions.clear()
    for (const { reject, timer } of waiting.values()) {
      clearTimeout(timer)
      reject(lost(why))
    }
    waiting.clear()
    void agent.destroy().catch(() => undefined)
  }

  function receive(message: Message): void {
    if (message.method !== undefined) {
      const { subscription, result } = message.params ?? {}
      subscriptions.get(String(subscription))?.(result)
      return
    }
    const asked = waiting.get(Number(message.id))
    if (!asked) return
    waiting.delete(Number(message.id))
    clearTimeout(asked.timer)
    const { error, result } = message
    if (error) return asked.reject(new RpcError(Number(error.code), String(error.message), error.data))
    if (asked.tell) subscriptions.set(String(result), asked.tell)
    asked.resolve(result)
  }

  function ask(method: string, params: readonly unknown[], tell?: (result: unknown) => void): Promise<unknown> {
    if (!isOpen()) return Promise.reject(lost(''))
    return new Promise((resolve, reject) => {
      const id = ++lastId
      const timer = setTimeout(() => {
        waiting.delete(id)
        reject(new OrreryError('timed_out', `${endpoint} does not answer ${method} within ${callMs / 1000} s.`, { endpoint, method }))
      }, callMs)
      waiting.set(id, { resolve, reject, tell, timer })
      ws.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    })
  }

  const { promise: opened, resolve, reject } = Promise.withResolvers<void>()
  ws.addEventListener('open', () => resolve())
  ws.addEventListener('error', () => reject(lost('it cannot be made')))
  ws.addEventListener('close', ({ reason }) => {
    reject(lost('it was closed'))
    end(reason)
  })
  ws.addEventListener('message', ({ data }) => {
    try {
      receive(messageOf(data))
    } catch (error) {
      end(error instanceof Error ? error.message : String(error))
    }
  })
  const timer = setTimeout(() => reject(new OrreryError('timed_out', `${endpoint} does not let us connect within ${callMs / 1000} s.`, { endpoint })), callMs)
  try {
    await opened
  } catch (error) {
    end()
    throw error
  } finally {
    clearTimeout(timer)
  }

  return {
    endpoint,
    isOpen,
    call: async <T>(method: string, params: readonly unknown[]) => (await ask(method, params)) as T,
    async subscribe(methods, params, tell) {
      const id = await ask(methods.begin, params, tell)
      return () => {
        subscriptions.delete(String(id))
        void ask(methods.end, [id]).catch(() => undefined)
      }
    },
    async [Symbol.asyncDispose]() {
      end()
    },
  }
}

interface Message {
  id?: unknown
  method?: unknown
  params?: { subscription?: unknown; result?: unknown } | null
  result?: unknown
  error?: { code?: unknown; message?: unknown; data?: unknown } | null
}

/** @throws Error for what is no message */
function messageOf(data: unknown): Message {
  const message: unknown = typeof data === 'string' ? JSON.parse(data) : undefined
  if (typeof message !== 'object' || message === null) throw new Error('it sends what is no JSON-RPC')
  return message as Message
}
