import { TokensGroup, VersionGroup, type TokenTotals, type TokenVersionManifest, type VersionManifest } from '#schemas/manifest.ts'
import type { ObjectStore } from '#schemas/object-store.ts'
import { listedWhole, planTree, readTree, writeTree, type ReadTree } from './list-tree.ts'

/** What versions say of the jobs of miners. */
type Job = Pick<VersionGroup, 'hotkey' | 'job_id'>
const nameOf = ({ hotkey, job_id }: Job): string => `${hotkey}/${job_id}`

type Getting = Pick<ObjectStore, 'get'>

/**
 * The groups of a version of a dataset, by hotkey and job.
 * @throws OrreryError `data_unreadable`, `not_found` for a page of them that is damaged or missing
 */
export const readVersionGroups = async (store: Getting, { groups }: Pick<VersionManifest, 'groups'>): Promise<ReadTree<VersionGroup>> =>
  Array.isArray(groups) ? listedWhole(groups) : readTree(store, groups, VersionGroup)

/** The same of a version of tokens. */
export const readTokensGroups = async (store: Getting, { groups }: Pick<TokenVersionManifest, 'groups'>): Promise<ReadTree<TokensGroup>> =>
  Array.isArray(groups) ? listedWhole(groups) : readTree(store, groups, TokensGroup)

/**
 * Writes the groups of a version: the pages that the version before it has not.
 * @param groups by hotkey and job, none twice
 * @param prefix of the keys of lists, ending with `/`
 */
export const writeGroups = <Group extends Job>(store: Pick<ObjectStore, 'put'>, groups: readonly Group[], { prefix, former }: Written<Group>) =>
  writeTree(store, groups, { prefix, nameOf, former })

interface Written<Group> {
  prefix: string
  former?: ReadTree<Group> | undefined
}

/** The same without writing anything: what groups would be known by. */
export const treeOfGroups = <Group extends Job>(groups: readonly Group[], prefix: string) => planTree(groups, { prefix, nameOf }).tree

export function tokenTotals({ groups, totals }: Pick<TokenVersionManifest, 'groups' | 'totals'>): TokenTotals {
  return totals ?? sumOfTokens(Array.isArray(groups) ? groups : [])
}

export function sumOfTokens(groups: readonly TokenTotals[]): TokenTotals {
  const sum: TokenTotals = { shards: 0, tokens: 0, documents: 0 }
  for (const { shards, tokens, documents } of groups) {
    sum.shards += shards
    sum.tokens += tokens
    sum.documents += documents
  }
  return sum
}
