import { openAsBlob } from 'node:fs'
import { z } from 'zod'
import { isAddress } from '#infra/chain/ss58.ts'
import { recentValues } from '#infra/recent-values.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { compareUtf8 } from '#schemas/compare-text.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { ByteRange, ObjectContent, ObjectStore } from '#schemas/object-store.ts'
import type { Staging } from '../durable-file.ts'
import { clampRange, requireKey } from '../object-key.ts'
import type { AccessClient } from './client.ts'
import { FolderAccess, UploadForm } from './miner-routes.ts'
import { ownerOf } from './owned-keys.ts'
import { MinerAccess } from './validator-routes.ts'

/** What is read whole, at most: a shard of the largest size. */
const objectBytesMax = 2 ** 30
/** A thousand keys. */
const listBytesMax = 4 * 2 ** 20
/** Forms are good for a day, tokens for three hours. */
const formsMs = 20 * 3_600_000
const tokensMs = 2 * 3_600_000
const tokensBytesMax = 4 * 2 ** 20
const tokenBytes = 2048

const List = z.object({ list_url: z.string() })
type Forms = z.infer<typeof FolderAccess>['forms']
type Tokens = z.infer<typeof MinerAccess>['read_tokens']

/**
 * An ObjectStore behind a store access service: a miner writes and deletes below its own name and reads what is its own, a validator reads what miners have. What
 * is not below a name of a miner is not there, and `forbidden` to write; nothing is signed for others here. A stream is written aside first: the service wants to
 * know how long it is. The service is asked for leave once a day to write, and every two hours to read of a miner; a leave that it refuses says nothing of what is
 * there: that is `store_unavailable`.
 */
export function accessStore(client: AccessClient, files: Staging, now: () => number): ObjectStore {
  const tokens = recentValues<string, Tokens>({ bytesMax: tokensBytesMax, bytesOf: () => tokenBytes, now })
  let forms: { forms: Forms; until: number } | undefined

  const formFor = async (key: string): Promise<z.infer<typeof UploadForm>> => {
    if (!forms || now() >= forms.until) forms = { ...(await client.ask('/get-folder-access', {}, FolderAccess)), until: now() + formsMs }
    const form = forms.forms.find(({ folder }) => key.startsWith(folder))
    if (form) return { ...form, fields: { ...form.fields, key } }
    throw notOurs(key)
  }
  /** undefined: there is nothing below such a name. */
  const tokenFor = async (key: string): Promise<string | undefined> => {
    const miner = ownerOf(requireKey(key))
    if (miner === undefined || !isAddress(miner)) return undefined
    const known = tokens.get(miner) ?? (await client.ask('/get-miner-specific-access', { miner_hotkey: miner }, MinerAccess).catch(asAway)).read_tokens
    tokens.keep(miner, known, tokensMs)
    const token = known.find(({ folder }) => key.startsWith(folder))?.token
    if (token !== undefined) return token
    throw new OrreryError('store_unavailable', `The store access service ${client.origin} lets nobody read "${key}"; ask who runs it.`, { key })
  }
  const urlOf = (key: string): string => `${client.origin}/objects/${key.split('/').map(encodeURIComponent).join('/')}`
  const sizeOf = async (key: string): Promise<number | undefined> => {
    const token = await tokenFor(key)
    return token === undefined ? undefined : client.size(urlOf(key), { token }).catch(asAway)
  }
  const bytesOf = async (key: string, range: ByteRange | undefined): Promise<Uint8Array | undefined> => {
    if (range && range.start === range.end) return (await sizeOf(key)) === undefined ? undefined : new Uint8Array()
    const token = await tokenFor(key)
    if (token === undefined) return undefined
    return client.download(urlOf(key), { bytesMax: range ? range.end - range.start : objectBytesMax, range, token }).catch(asAway)
  }
  const send = async (key: string, file: Blob, { sha256 }: ObjectContent): Promise<void> => client.upload(await formFor(key), file, sha256)

  return {
    location: `${client.origin}/objects`,
    async put(key, body, expected) {
      requireKey(key)
      if (body instanceof Uint8Array) {
        const content = { bytes: body.length, sha256: sha256Hex(body) }
        requireExpected(key, content, expected)
        return send(key, new Blob([new Uint8Array(body)]), content)
      }
      if (typeof body?.[Symbol.asyncIterator] !== 'function') throw notBytes(key)
      await using staged = await files.stage(bytesOnly(key, body))
      requireExpected(key, staged, expected)
      await send(key, await openAsBlob(staged.path), staged)
    },
    async get(key, range) {
      if (range) clampRange(range, Number.MAX_SAFE_INTEGER)
      const found = await bytesOf(key, range)
      if (found === undefined) throw new OrreryError('not_found', `There is no object "${key}".`, { key })
      return found
    },
    async head(key) {
      const bytes = await sizeOf(key)
      return bytes === undefined ? undefined : { key, bytes }
    },
    async *list(prefix, { after } = {}) {
      const miner = ownerOf(prefix)
      if (miner === undefined || !isAddress(miner)) return
      const isWithin = after?.startsWith(prefix) === true
      if (after !== undefined && !isWithin && compareUtf8(after, prefix) > 0) return
      let token = isWithin ? Buffer.from(after ?? '').toString('base64url') : undefined
      do {
        const { list_url } = await client.ask('/get-miner-list', { miner_hotkey: miner, prefix, continuation_token: token ?? null }, List).catch(asAway)
        const page = Buffer.from((await client.download(list_url, { bytesMax: listBytesMax }).catch(asAway)) ?? new Uint8Array()).toString()
        for (const [, key = '', bytes = ''] of page.matchAll(/<Key>([^<]+)<\/Key>(?:<LastModified>[^<]*<\/LastModified>)?<Size>(\d+)<\/Size>/g))
          yield { key: unescaped(key), bytes: Number(bytes) }
        token = /<NextContinuationToken>([\w-]+)<\/NextContinuationToken>/.exec(page)?.[1]
      } while (token !== undefined)
    },
    delete: async (key) => void (await client.ask('/delete-files', { file_keys: [requireKey(key)] }, z.object({}))),
    signGet: async (key) => Promise.reject(signsNothing(key)),
    signPut: async (key) => Promise.reject(signsNothing(key)),
  }
}

/** What is refused to us says nothing of a miner. */
function asAway(error: unknown): never {
  if (!(error instanceof OrreryError) || error.code === 'store_unavailable' || error.code === 'too_large') throw error
  throw new OrreryError('store_unavailable', `The store access service does not let this hotkey read: ${error.message}`, { ...error.details }, error)
}

async function* bytesOnly(key: string, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    if (!(piece instanceof Uint8Array)) throw notBytes(key)
    yield piece
  }
}

function requireExpected(key: string, content: ObjectContent, expected: ObjectContent | undefined): void {
  if (!expected || (content.bytes === expected.bytes && content.sha256 === expected.sha256)) return
  throw new OrreryError('invalid_record', `The body of object "${key}" is not what it was said to be; ask its writer for the whole of it.`, { key })
}

const unescaped = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

const notBytes = (key: string): OrreryError =>
  new OrreryError('invalid_argument', `The body of object "${key}" is neither a Uint8Array nor a stream of such; encode it first.`, { key })
const notOurs = (key: string): OrreryError =>
  new OrreryError('forbidden', `"${key.slice(0, 200)}" is not below the name of this hotkey: behind a store access service a miner writes what is its own.`)
const signsNothing = (key: string): OrreryError =>
  new OrreryError('invalid_argument', `Nothing is signed for others behind a store access service ("${key}"); ask the service itself.`, { key })
