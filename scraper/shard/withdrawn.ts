import type { Document } from '#schemas/document.ts'
import type { Reject } from '#schemas/stage.ts'
import type { Withdrawal } from './arrival.ts'

/** What pages took back, by uri: of two withdrawals of a page the later version counts. */
export type Withdrawn = ReadonlyMap<string, Withdrawal>

export function withdrawnOf(withdrawals: readonly Withdrawal[]): Withdrawn {
  const withdrawn = new Map<string, Withdrawal>()
  for (const withdrawal of withdrawals) if (withdrawal.version >= (withdrawn.get(withdrawal.uri)?.version ?? 0)) withdrawn.set(withdrawal.uri, withdrawal)
  return withdrawn
}

/** The documents that their owners leave us; a version that is newer than the withdrawal stays. What goes is told, with the reason why. */
export async function keepOffered(documents: readonly Document[], withdrawn: Withdrawn, gone: (reject: Reject) => void | Promise<void>): Promise<Document[]> {
  const kept: Document[] = []
  for (const document of documents) {
    const { uri, version, id } = document
    const withdrawal = withdrawn.get(uri)
    if (withdrawal === undefined || version > withdrawal.version) kept.push(document)
    else
      await gone({ subject: uri, reason: 'withdrawn', stage: 'shard', details: { id, version, because: withdrawal.reason, at: withdrawal.at.toISOString() } })
  }
  return kept
}
