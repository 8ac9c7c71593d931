import { z } from 'zod'
import { OrreryError } from '#schemas/errors.ts'
import { HubRequests, type HubAccess } from './hub-requests.ts'

export interface RepoState {
  /** Commit that its main branch is at. */
  head: string
  /** undefined: the hub does not say. */
  isPrivate: boolean | undefined
}

/** A file of the main branch. */
export interface RepoFile {
  path: string
  bytes: number
  /** Git id of its blob, hex. */
  oid: string
  /** Of its content, where it lies in large file storage. */
  sha256: string | undefined
}

/** A file in large file storage, by its content. */
export interface LargeObject {
  sha256: string
  bytes: number
}

export type Operation = { add: string; object: LargeObject } | { add: string; text: string } | { remove: string }

const RepoInfo = z.object({ id: z.string(), sha: z.string().min(1), private: z.boolean().optional() })
const Tree = z.array(
  z.object({
    type: z.string(),
    path: z.string(),
    size: z.number().optional(),
    oid: z.string(),
    lfs: z.object({ oid: z.string(), size: z.number() }).optional(),
  }),
)
const Refs = z.object({ tags: z.array(z.object({ name: z.string(), targetCommit: z.string() })) })
const Committed = z.object({ commitOid: z.string().min(1) })
const Preupload = z.object({ files: z.array(z.object({ path: z.string(), uploadMode: z.enum(['lfs', 'regular']) })) })

/** Far more than a dataset should have (the Hub advises at most 100,000). */
const entriesMax = 1_000_000

/** One dataset repository of a Hugging Face hub, by its HTTP API (https://huggingface.co/docs/hub/api, huggingface_hub's `_commit_api`): requests and errors as HubRequests has them. */
export class Hub {
  readonly requests: HubRequests
  readonly #api: string

  constructor(access: HubAccess) {
    this.requests = new HubRequests(access)
    this.#api = `/api/datasets/${access.repo}`
  }

  /** undefined: there is none. */
  async state(): Promise<RepoState | undefined> {
    const answer = await this.requests.ask({ method: 'GET', url: this.#api, accepts: [404] })
    if (answer.status === 404) return undefined
    const info = this.requests.parsed(RepoInfo, answer.body)
    return { head: info.sha, isPrivate: info.private }
  }

  /** @returns false when there is one already: somebody made it at the same moment, as they wanted it */
  async create(isPrivate: boolean): Promise<boolean> {
    const [organization, name] = this.requests.access.repo.split('/')
    const body = { type: 'dataset', name, organization, visibility: isPrivate ? 'private' : 'public', private: isPrivate }
    const question = { method: 'POST' as const, url: '/api/repos/create', body: JSON.stringify(body), contentType: 'application/json', accepts: [409] }
    return (await this.requests.ask(question)).status !== 409
  }

  /** @throws OrreryError `too_large` */
  async files(): Promise<RepoFile[]> {
    const files: RepoFile[] = []
    let entries = 0
    let url: string | undefined = `${this.#api}/tree/main?recursive=true`
    while (url !== undefined) {
      const { headers, body } = await this.requests.ask({ method: 'GET', url })
      const page = this.requests.parsed(Tree, body)
      // A page without any counts too: they may have no end.
      entries += page.length + 1
      for (const { type, path, size = 0, oid, lfs } of page) if (type === 'file') files.push({ path, bytes: lfs?.size ?? size, oid, sha256: lfs?.oid })
      if (entries > entriesMax)
        throw new OrreryError('too_large', `The repository "${this.requests.access.repo}" has more than ${entriesMax} files; publish to another.`)
      const next = /<([^>]+)>\s*;\s*rel="next"/.exec(headers.get('link') ?? '')?.[1]
      // A page is never asked for of anybody else.
      url = next === undefined ? undefined : new URL(next, this.requests.access.hubUrl).pathname + new URL(next, this.requests.access.hubUrl).search
    }
    return files
  }

  /** A small file of the main branch as text; undefined: there is none. @throws OrreryError `upstream_failed` when it is longer */
  async text(path: string, bytesMax: number): Promise<string | undefined> {
    const url = `/datasets/${this.requests.access.repo}/resolve/main/${path}`
    const { status, body } = await this.requests.ask({ method: 'GET', url, accepts: [404], follows: true, bytesMax })
    return status === 404 ? undefined : Buffer.from(body).toString()
  }

  /** Whether the hub wants these small files in large file storage. */
  async largeOf(texts: readonly { path: string; text: string }[]): Promise<Set<string>> {
    const files = texts.map(({ path, text }) => {
      const bytes = Buffer.from(text)
      return { path, size: bytes.length, sample: bytes.subarray(0, 512).toString('base64') }
    })
    const question = { method: 'POST' as const, url: `${this.#api}/preupload/main`, body: JSON.stringify({ files }), contentType: 'application/json' }
    const answer = await this.requests.json(Preupload, question)
    return new Set(answer.files.filter(({ uploadMode }) => uploadMode === 'lfs').map(({ path }) => path))
  }

  /**
   * @param parent commit that it must follow
   * @returns its id; undefined when the branch has moved on, or is just moving
   */
  async commit(
    operations: readonly Operation[],
    { parent, title, description }: { parent: string; title: string; description: string },
  ): Promise<string | undefined> {
    const lines = [{ key: 'header', value: { summary: title, description, parentCommit: parent } }, ...operations.map(lineOf)]
    const body = lines.map((line) => JSON.stringify(line)).join('\n')
    const question = { method: 'POST' as const, url: `${this.#api}/commit/main`, body, contentType: 'application/x-ndjson', accepts: [409, 412] }
    const answer = await this.requests.ask(question)
    return answer.status === 409 || answer.status === 412 ? undefined : this.requests.parsed(Committed, answer.body).commitOid
  }

  /** Commit of each tag. A hub that has no tags has none. */
  async tags(): Promise<Map<string, string>> {
    const { status, body } = await this.requests.ask({ method: 'GET', url: `${this.#api}/refs`, accepts: [404] })
    return new Map(status === 404 ? [] : this.requests.parsed(Refs, body).tags.map(({ name, targetCommit }) => [name, targetCommit]))
  }

  /** One that is there already stays where it is. A hub that has no tags makes none. */
  async tag(name: string, commit: string): Promise<void> {
    const body = JSON.stringify({ tag: name })
    await this.requests.ask({ method: 'POST', url: `${this.#api}/tag/${commit}`, body, contentType: 'application/json', accepts: [404, 409] })
  }
}

function lineOf(operation: Operation): { key: string; value: object } {
  if ('remove' in operation) return { key: 'deletedFile', value: { path: operation.remove } }
  if ('object' in operation) {
    const { add: path, object } = operation
    return { key: 'lfsFile', value: { path, algo: 'sha256', oid: object.sha256, size: object.bytes } }
  }
  return { key: 'file', value: { path: operation.add, content: Buffer.from(operation.text).toString('base64'), encoding: 'base64' } }
}
