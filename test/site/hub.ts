import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { z } from 'zod'
import { sha256Hex } from '#schemas/canonical-json.ts'

/**
 * A Hugging Face hub on the loopback, as its API is documented: create, state and tree of a repository, preupload, LFS batch, upload (in parts too) and verification,
 * commit with `parentCommit`, tags, resolve. Files are kept in memory.
 */
export interface Hub extends AsyncDisposable {
  origin: string
  repos: Map<string, HubRepo>
  /** `METHOD path` of each request, in order. */
  requests: string[]
  /** Objects that were uploaded whole, in order. */
  uploaded: string[]
  /** Bytes that came by PUT, those of broken uploads too. */
  bytesPut: number
  /** What happens to requests whose `METHOD path` contains `match`, until it happened `times` often. */
  faults: Fault[]
  /** Entries of a page of the tree: few, so that a client must follow the links. */
  pageEntries: number
  /** Objects that are longer come in parts of so many bytes. */
  partBytes: number
  /** Told of each request before it is answered. */
  before: (asked: string) => void | Promise<void>
}

export interface Fault {
  match: string
  /** `reset`: the connection is cut before anything is done; `lost`: afterwards, so that the client never hears. */
  status: number | 'reset' | 'lost'
  headers?: Record<string, string>
  body?: unknown
  times?: number
}

export interface HubRepo {
  visibility: string
  files: Map<string, { bytes: Uint8Array; lfs: boolean }>
  commits: { oid: string; title: string; paths: string[] }[]
  tags: Map<string, string>
}

/** The commit of a repository's main branch. */
export const headOf = ({ commits }: HubRepo): string => commits.at(-1)?.oid ?? firstCommit
const firstCommit = '0'.repeat(40)

/** A repository as somebody may have it. */
export const hubRepo = (files: Record<string, string> = {}, visibility = 'private'): HubRepo => ({
  visibility,
  files: new Map(
    Object.entries({ '.gitattributes': '*.parquet filter=lfs\n', ...files }).map(([path, text]) => [
      path,
      { bytes: Buffer.from(text), lfs: path.endsWith('.parquet') },
    ]),
  ),
  commits: [],
  tags: new Map(),
})

interface Visit {
  hub: Hub
  token: string
  /** The large file storage: sha256 → bytes. */
  uploads: Map<string, Uint8Array>
  parts: Map<string, Uint8Array>
  body: Buffer
  request: IncomingMessage
  response: ServerResponse
}

const bodyBytesMax = 64 * 2 ** 20

export async function startHub({ token }: { token: string }): Promise<Hub> {
  const uploads = new Map<string, Uint8Array>()
  const parts = new Map<string, Uint8Array>()
  const server = createServer((request, response) => {
    readBody(request, hub)
      .then((body) => answer({ hub, token, uploads, parts, body, request, response }))
      .catch((error: unknown) => send(response, 500, { error: String(error) }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const hub: Hub = {
    origin: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    repos: new Map(),
    requests: [],
    uploaded: [],
    bytesPut: 0,
    faults: [],
    pageEntries: 2,
    partBytes: Infinity,
    before: () => undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return hub
}

async function readBody(request: IncomingMessage, hub: Hub): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request) {
    bytes += piece.length
    if (request.method === 'PUT') hub.bytesPut += piece.length
    if (bytes > bodyBytesMax) throw new Error('body too large')
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

const routes: readonly (readonly [method: string, path: RegExp, handle: (visit: Visit, ...parts: string[]) => void])[] = [
  ['POST', /^\/api\/repos\/create$/, createRepo],
  ['GET', /^\/api\/datasets\/([^/]+\/[^/]+)$/, showRepo],
  ['GET', /^\/api\/datasets\/([^/]+\/[^/]+)\/tree\/main$/, listTree],
  ['POST', /^\/api\/datasets\/([^/]+\/[^/]+)\/preupload\/main$/, preupload],
  ['POST', /^\/datasets\/([^/]+\/[^/]+)\.git\/info\/lfs\/objects\/batch$/, lfsBatch],
  ['PUT', /^\/lfs\/([0-9a-f]{64})$/, lfsUpload],
  ['PUT', /^\/lfs\/([0-9a-f]{64})\/(\d+)$/, lfsPart],
  ['POST', /^\/lfs\/([0-9a-f]{64})\/complete$/, lfsComplete],
  ['POST', /^\/lfs\/([0-9a-f]{64})\/verify$/, lfsVerify],
  ['GET', /^\/api\/datasets\/([^/]+\/[^/]+)\/refs$/, listRefs],
  ['POST', /^\/api\/datasets\/([^/]+\/[^/]+)\/tag\/([^/]+)$/, makeTag],
  ['POST', /^\/api\/datasets\/([^/]+\/[^/]+)\/commit\/main$/, commit],
  ['GET', /^\/datasets\/([^/]+\/[^/]+)\/resolve\/main\/(.+)$/, resolve],
]

async function answer(visit: Visit): Promise<void> {
  const { hub, request, response } = visit
  const { pathname } = new URL(request.url ?? '/', hub.origin)
  const asked = `${request.method} ${pathname}`
  hub.requests.push(asked)
  await hub.before(asked)
  const fault = hub.faults.find(({ match, times = 1 }) => times > 0 && asked.includes(match))
  if (fault) {
    fault.times = (fault.times ?? 1) - 1
    if (fault.status === 'reset') return void request.socket.resetAndDestroy()
    if (fault.status === 'lost') response.end = () => response.destroy()
    else {
      for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value)
      return send(response, fault.status, fault.body ?? { error: 'as you wished' })
    }
  }
  const authorized = request.headers.authorization === `Bearer ${visit.token}`
  if (!authorized && !pathname.startsWith('/lfs/')) return send(response, 401, { error: 'Invalid username or password.' })
  for (const [method, path, handle] of routes) {
    const match = path.exec(pathname)
    if (match && method === request.method) return handle(visit, ...match.slice(1))
  }
  return send(response, 404, { error: `No ${asked}` })
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const CreateRepo = z.object({ name: z.string(), organization: z.string(), type: z.literal('dataset'), visibility: z.string() })

function createRepo({ hub, body, response }: Visit): void {
  const { name, organization, visibility } = CreateRepo.parse(JSON.parse(body.toString()))
  const id = `${organization}/${name}`
  if (organization === 'stranger') return send(response, 403, { error: "You don't have the rights to create a dataset under this namespace" })
  if (hub.repos.has(id)) return send(response, 409, { error: 'You already created this dataset repo' })
  hub.repos.set(id, hubRepo({}, visibility))
  return send(response, 200, { url: `${hub.origin}/datasets/${id}`, id })
}

function showRepo({ hub, response }: Visit, id = ''): void {
  const repo = hub.repos.get(id)
  if (repo) send(response, 200, { id, sha: headOf(repo), private: repo.visibility === 'private' })
  else send(response, 404, { error: 'Repository not found' })
}

const gitOid = (bytes: Uint8Array): string => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')

function listTree({ hub, request, response }: Visit, id = ''): void {
  const repo = hub.repos.get(id)
  if (!repo) return send(response, 404, { error: 'Repository not found' })
  const url = new URL(request.url ?? '/', hub.origin)
  const start = Number(url.searchParams.get('cursor') ?? 0)
  const folders = [...new Set([...repo.files.keys()].filter((path) => path.includes('/')).map((path) => path.slice(0, path.lastIndexOf('/'))))]
  const files = [...repo.files].map(([path, { bytes, lfs }]) => ({
    type: 'file',
    path,
    size: bytes.length,
    oid: gitOid(lfs ? Buffer.from(`version https://git-lfs\noid sha256:${sha256Hex(bytes)}\n`) : bytes),
    ...(lfs && { lfs: { oid: sha256Hex(bytes), size: bytes.length, pointerSize: 130 } }),
  }))
  const entries = [...folders.map((path) => ({ type: 'directory', path, size: 0, oid: gitOid(Buffer.from(path)) })), ...files]
  url.searchParams.set('cursor', String(start + hub.pageEntries))
  if (start + hub.pageEntries < entries.length) response.setHeader('link', `<${url.href}>; rel="next"`)
  return send(response, 200, entries.slice(start, start + hub.pageEntries))
}

const Preupload = z.object({ files: z.array(z.object({ path: z.string(), size: z.number(), sample: z.base64() })) })

function preupload({ body, response }: Visit): void {
  const { files } = Preupload.parse(JSON.parse(body.toString()))
  send(response, 200, { files: files.map(({ path }) => ({ path, uploadMode: path.endsWith('.parquet') ? 'lfs' : 'regular' })) })
}

const LfsBatch = z.object({ operation: z.literal('upload'), objects: z.array(z.object({ oid: z.string(), size: z.number() })) })

function lfsBatch({ hub, uploads, body, response }: Visit): void {
  const { objects } = LfsBatch.parse(JSON.parse(body.toString()))
  const answered = objects.map(({ oid, size }) => {
    if (uploads.has(oid)) return { oid, size }
    const href = `${hub.origin}/lfs/${oid}`
    const verify = { href: `${href}/verify` }
    if (size <= hub.partBytes) return { oid, size, actions: { upload: { href }, verify } }
    const urls = Array.from({ length: Math.ceil(size / hub.partBytes) }, (_, n) => [String(n + 1).padStart(5, '0'), `${href}/${n + 1}`])
    return { oid, size, actions: { upload: { href: `${href}/complete`, header: { chunk_size: String(hub.partBytes), ...Object.fromEntries(urls) } }, verify } }
  })
  send(response, 200, { transfer: 'basic', objects: answered })
}

function lfsUpload({ hub, uploads, body, response }: Visit, oid = ''): void {
  if (sha256Hex(body) !== oid) return send(response, 400, { error: 'these bytes have another sha256' })
  uploads.set(oid, body)
  hub.uploaded.push(oid)
  return send(response, 200, {})
}

function lfsPart({ parts, body, response }: Visit, oid = '', part = ''): void {
  parts.set(`${oid}/${part}`, body)
  response.setHeader('etag', `"${sha256Hex(body)}"`)
  send(response, 200, {})
}

const Complete = z.object({ oid: z.string(), parts: z.array(z.object({ partNumber: z.number(), etag: z.string() })) })

function lfsComplete({ hub, parts, uploads, body, response }: Visit, oid = ''): void {
  const named = Complete.parse(JSON.parse(body.toString())).parts.map(({ partNumber, etag }) => ({ bytes: parts.get(`${oid}/${partNumber}`), etag }))
  const whole = Buffer.concat(named.flatMap(({ bytes, etag }) => (bytes && etag === `"${sha256Hex(bytes)}"` ? bytes : [])))
  if (sha256Hex(whole) !== oid) return send(response, 400, { error: 'these parts have another sha256' })
  uploads.set(oid, whole)
  hub.uploaded.push(oid)
  return send(response, 200, {})
}

const Verify = z.object({ oid: z.string(), size: z.number() })

function lfsVerify({ uploads, body, response }: Visit, oid = ''): void {
  const said = Verify.parse(JSON.parse(body.toString()))
  if (said.oid === oid && uploads.get(oid)?.length === said.size) send(response, 200, {})
  else send(response, 404, { error: 'there is no such object' })
}

function listRefs({ hub, response }: Visit, id = ''): void {
  const repo = hub.repos.get(id)
  if (!repo) return send(response, 404, { error: 'Repository not found' })
  const tags = [...repo.tags].map(([name, targetCommit]) => ({ name, ref: `refs/tags/${name}`, targetCommit }))
  return send(response, 200, { branches: [{ name: 'main', ref: 'refs/heads/main', targetCommit: headOf(repo) }], tags })
}

function makeTag({ hub, body, response }: Visit, id = '', revision = ''): void {
  const repo = hub.repos.get(id)
  const { tag } = z.object({ tag: z.string() }).parse(JSON.parse(body.toString()))
  if (!repo || (revision !== headOf(repo) && !repo.commits.some(({ oid }) => oid === revision))) return send(response, 404, { error: 'no such revision' })
  if (repo.tags.has(tag)) return send(response, 409, { error: 'Tag reference exists already' })
  repo.tags.set(tag, revision)
  return send(response, 200, {})
}

const CommitLine = z.discriminatedUnion('key', [
  z.object({ key: z.literal('header'), value: z.object({ summary: z.string(), parentCommit: z.string().optional() }) }),
  z.object({ key: z.literal('file'), value: z.object({ path: z.string(), content: z.string(), encoding: z.literal('base64') }) }),
  z.object({ key: z.literal('lfsFile'), value: z.object({ path: z.string(), algo: z.literal('sha256'), oid: z.string(), size: z.number() }) }),
  z.object({ key: z.literal('deletedFile'), value: z.object({ path: z.string() }) }),
])

function commit({ hub, uploads, body, response }: Visit, id = ''): void {
  const repo = hub.repos.get(id)
  if (!repo) return send(response, 404, { error: 'Repository not found' })
  const lines = body
    .toString()
    .split('\n')
    .map((line) => CommitLine.parse(JSON.parse(line)))
  const files = new Map(repo.files)
  let title = ''
  const paths: string[] = []
  for (const { key, value } of lines) {
    if (key === 'header') {
      title = value.summary
      if (value.parentCommit !== undefined && value.parentCommit !== headOf(repo))
        return send(response, 412, { error: 'A commit has happened since. Please refresh and try again.' })
      continue
    }
    paths.push(value.path)
    if (key === 'file') files.set(value.path, { bytes: Buffer.from(value.content, 'base64'), lfs: false })
    else if (key === 'deletedFile') files.delete(value.path)
    else {
      const bytes = uploads.get(value.oid)
      if (bytes?.length !== value.size) return send(response, 400, { error: `LFS object ${value.oid} was not uploaded` })
      files.set(value.path, { bytes, lfs: true })
    }
  }
  const oid = createHash('sha1').update(headOf(repo)).update(body).digest('hex')
  repo.files = files
  repo.commits.push({ oid, title, paths })
  return send(response, 200, { success: true, commitOid: oid, commitUrl: `${hub.origin}/datasets/${id}/commit/${oid}`, hookOutput: '' })
}

function resolve({ hub, request, response }: Visit, id = '', path = ''): void {
  const file = hub.repos.get(id)?.files.get(path)
  if (!file) {
    response.setHeader('x-error-code', 'EntryNotFound')
    return send(response, 404, { error: 'Entry not found' })
  }
  const total = file.bytes.length
  const [, first = '0', last = String(total - 1)] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  const bytes = file.bytes.subarray(Number(first), Number(last) + 1)
  const headers = { etag: `"${sha256Hex(file.bytes)}"`, 'content-range': `bytes ${first}-${last}/${total}`, 'content-length': bytes.length }
  response.writeHead(request.headers.range ? 206 : 200, headers).end(bytes)
}
