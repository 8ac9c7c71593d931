import { readTokensGroups, readVersionGroups, sumOfTokens, writeGroups } from '#infra/corpus/groups.ts'
import type { ReadTree } from '#infra/corpus/list-tree.ts'
import { readList, writeList } from '#infra/corpus/list-object.ts'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { TokensGroup, TokenVersionManifest, VersionGroup } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { ListedTokenShard, TokenizedFile } from '#schemas/token-list.ts'
import { takingTurns } from '#dataset/turns.ts'
import { readGroup } from '#dataset/version-files.ts'
import type { Outcome } from '#dataset/versions.ts'
import type { Encoders } from '#infra/tokenizer/encoders.ts'
import { shardTokensDefault } from './file-shards.ts'
import { goneSince, runReads, withoutGone, type RunReads } from './held.ts'
import { tokenizeFile, type FileTokenizing } from './tokenize-file.ts'

export type TokensEntry = CatalogEntry<'token-version'>

export interface TokenizeRequest {
  catalog: Catalog
  store: ObjectStore
  /** Name of the dataset, and of its line of tokens. */
  name: string
  /** Of the tokenizer of that line. */
  encoders: Encoders
  origin: TokenVersionManifest['origin']
  telemetry: Telemetry
  signal: AbortSignal
  /** Tokens of one shard, at most, unless a single document has more. */
  shardTokensMax?: number
}

/**
 * Tokenizes what the head of a dataset has that the head of its tokens has not: the shards of each data file are made once, `<|endoftext|>` after each document,
 * each under the sha256 of its bytes (`tokens/{name}/{sha256}.tok`). Deleted rows are told by deletion vectors; of a file that only merged others the tokens are
 * copied. A job whose list of files did not change is taken over as it stands. Tokens of the same version and vocabulary exist → nothing is done.
 * The same versions, one after the other, give the same bytes.
 * @throws OrreryError `conflict` when another process committed in between (retryable)
 */
export async function tokenize(request: TokenizeRequest): Promise<Outcome<TokensEntry>> {
  const { catalog, store, name, origin, telemetry, signal } = request
  const [dataset, former] = await Promise.all([catalog.head(lineage.dataset(name)), catalog.head(lineage.tokens(name))])
  const head = former?.kind === 'token-version' ? former : undefined
  if (dataset?.kind !== 'version') return { changed: false, entry: head }
  const vocabulary = await request.encoders.vocabulary()
  const before = head?.manifest.tokenizer.fingerprint === vocabulary.fingerprint ? head.manifest : undefined
  if (before?.dataset === dataset.sha256) return { changed: false, entry: head }

  const turn = takingTurns(signal)
  const work: Omit<FileTokenizing, 'joined'> = {
    store,
    prefix: `tokens/${name}/`,
    vocabulary,
    shardTokensMax: request.shardTokensMax ?? shardTokensDefault,
    since: (former?.version ?? 0) + 1,
    encoders: request.encoders,
    turn,
    telemetry,
    signal,
  }
  const known = before && (await readTokensGroups(store, before))
  const { groups, leaving, run } = await whileRunStands(request, vocabulary.fingerprint, ({ joined }) => tokenizeGroups({ ...work, joined }, dataset, known))
  const totals = sumOfTokens(groups)

  const manifest: TokenVersionManifest = {
    kind: 'token-version',
    parent: former?.sha256 ?? null,
    origin,
    dataset: dataset.sha256,
    tokenizer: { name: vocabulary.name, fingerprint: vocabulary.fingerprint, vocabulary: vocabulary.size },
    groups: await writeGroups(store, groups, { prefix: `${work.prefix}lists/`, former: known }),
    totals,
    held: before ? await hold(request, work, { run, dataset, before, leaving }) : null,
  }
  const entry = await catalog.commit(lineage.tokens(name), former?.sha256, manifest)
  telemetry.event('tokens.version', {
    name,
    version: entry.version,
    sha256: entry.sha256,
    tokenizer: vocabulary.name,
    ...totals,
  })
  return { changed: true, entry }
}

interface TokenizedGroups {
  groups: TokensGroup[]
  /** Shards of files that are no longer there. */
  leaving: ListedTokenShard[]
}

/**
 * Meanwhile the run may take in the shards that leave, and what was copied of them is no longer new to it: it would be trained twice. A run takes in a version
 * of the tokens once, so that all is done twice at most.
 * @returns with the run as it stands afterwards
 */
async function whileRunStands(
  { catalog, store, name }: TokenizeRequest,
  fingerprint: string,
  make: (run: RunReads) => Promise<TokenizedGroups>,
): Promise<TokenizedGroups & { run: RunReads }> {
  for (;;) {
    const before = await runReads(catalog, store, name, fingerprint)
    const made = await make(before)
    const run = await runReads(catalog, store, name, fingerprint)
    if (made.leaving.length === 0 || run.joined === before.joined) return { ...made, run }
  }
}

async function tokenizeGroups(
  work: FileTokenizing,
  { manifest }: CatalogEntry<'version'>,
  before: ReadTree<TokensGroup> | undefined,
): Promise<TokenizedGroups> {
  const known = new Map(before?.items.map((group) => [nameOf(group), group]))
  const leaving: ListedTokenShard[] = []
  const groups: TokensGroup[] = []
  for (const group of (await readVersionGroups(work.store, manifest)).items) {
    const own = known.get(nameOf(group))
    known.delete(nameOf(group))
    groups.push(own?.source === group.list.sha256 ? own : await tokenizeGroup(work, group, own, leaving))
  }
  for (const group of known.values())
    for (const { shards } of await readList(work.store, group.list, TokenizedFile)) for (const shard of shards) leaving.push(shard)
  return { groups, leaving }
}

const nameOf = ({ hotkey, job_id }: Pick<TokensGroup, 'hotkey' | 'job_id'>): string => JSON.stringify([hotkey, job_id])

/** @param leaving takes the shards of files that are no longer there */
async function tokenizeGroup(work: FileTokenizing, group: VersionGroup, own: TokensGroup | undefined, leaving: ListedTokenShard[]): Promise<TokensGroup> {
  const files = await readGroup(work.store, group)
  const before = new Map((own ? await readList(work.store, own.list, TokenizedFile) : []).map((file) => [file.file, file]))
  const current = new Set(files.map(({ file }) => file.sha256))
  const left = before
    .values()
    .flatMap(({ file, shards }) => (current.has(file) ? [] : shards))
    .toArray()
  for (const shard of left) leaving.push(shard)

  const tokenized: TokenizedFile[] = []
  for (const listed of files) {
    const known = before.get(listed.file.sha256)
    const isSame = known && known.deletes === (listed.deletes?.sha256 ?? null)
    tokenized.push(isSame ? known : await tokenizeFile(work, listed, known?.shards ?? [], left))
  }
  const shards = tokenized.flatMap((file) => file.shards)
  return {
    hotkey: group.hotkey,
    job_id: group.job_id,
    source: group.list.sha256,
    list: await writeList(work.store, `${work.prefix}lists/`, tokenized),
    shards: shards.length,
    tokens: shards.reduce((sum, { shard }) => sum + shard.tokens, 0),
    documents: shards.reduce((sum, { shard, deletes }) => sum + shard.documents - (deletes?.rows ?? 0), 0),
  }
}

interface Holding {
  run: RunReads
  dataset: CatalogEntry<'version'>
  before: TokenVersionManifest
  /** Shards that no file has any more since the version before. */
  leaving: readonly ListedTokenShard[]
}

/** The list of shards that a run still reads though no file has them any more. */
async function hold(
  { catalog, store }: TokenizeRequest,
  work: Omit<FileTokenizing, 'joined'>,
  { run, dataset, before, leaving }: Holding,
): Promise<TokenVersionManifest['held']> {
  const candidates = [...(before.held ? await readList(store, before.held, ListedTokenShard) : []), ...leaving]
  if (candidates.length === 0) return null
  const read = await run.shards()
  const held = candidates.filter(({ shard }) => read.has(shard.sha256))
  if (held.length === 0) return null
  const gone = await goneSince(catalog, store, dataset, before.dataset)
  if (!gone) {
    // What nobody can say of, whether it was taken back, is not trained.
    work.telemetry.event('tokens.not_held', { shards: held.length, reason: 'versions of the dataset between are gone' })
    return null
  }
  const kept: ListedTokenShard[] = []
  for (const listed of held) {
    const now = await withoutGone(store, work.prefix, listed, gone).catch((error: unknown) => {
      if (!(error instanceof OrreryError) || error.code === 'store_unavailable') throw error
      work.telemetry.event('tokens.shard_lost', { key: listed.shard.key, problem: error.message })
    })
    if (now) kept.push(now)
  }
  return kept.length === 0 ? null : writeList(store, `${work.prefix}lists/`, kept)
}
