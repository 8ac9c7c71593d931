import { signManifest } from '#infra/chain/signed-manifest.ts'
import type { Catalog } from '#schemas/catalog.ts'
import type { Signer } from '#schemas/chain.ts'
import { compareText } from '#schemas/compare-text.ts'
import { lineage } from '#schemas/lineage.ts'
import type { VerdictManifest } from '#schemas/manifest.ts'
import type { Network } from '#schemas/network.ts'
import type { Claim } from './claim.ts'
import { wrongShareMax } from './doubt.ts'
import type { Evaluation } from './evaluate.ts'
import type { PageVerdict } from './judge-page.ts'

/** What was found of a miner, and of what. */
export interface Judged extends Pick<Evaluation, 'failures' | 'pages'>, Pick<Claim, 'index' | 'snapshots'> {
  miner: string
  /** Of the commitment. */
  committedBlock: number
}

interface VerdictParts {
  catalog: Catalog
  signer: Signer
  /** That it is said on. */
  network: Network
}

/** Says what was found, signed, for whoever trusts this validator: the newest of its line counts. @param block of the metagraph that was evaluated */
export async function writeVerdict({ catalog, signer, network }: VerdictParts, block: number, judged: Judged): Promise<void> {
  const line = lineage.verdict(signer.address, judged.miner)
  const parent = (await catalog.head(line))?.sha256
  const unsigned = { kind: 'verdict' as const, parent: parent ?? null, hotkey: signer.address, block, ...saidOf(judged) }
  const verdict: VerdictManifest = signManifest(unsigned, signer, network)
  await catalog.commit(line, parent, verdict)
}

function saidOf({
  miner,
  index,
  committedBlock,
  snapshots,
  failures,
  pages,
}: Judged): Omit<VerdictManifest, 'kind' | 'parent' | 'hotkey' | 'block' | 'signature'> {
  const count = (verdict: PageVerdict): number => pages.filter((page) => page.verdict === verdict).length
  return {
    miner,
    index,
    committed_block: committedBlock,
    snapshots,
    passed: failures.length === 0,
    failures: [...new Set(failures.map(({ code }) => code))].toSorted(compareText),
    pages: {
      sampled: pages.length,
      same: count('same'),
      changed: count('changed'),
      gone: count('gone'),
      contradicted: count('contradicted'),
      unfetchable: count('unfetchable'),
      dated: pages.filter(({ verdict, isDated }) => verdict === 'same' && isDated).length,
    },
    wrong_share_max: wrongShareMax({ judged: pages.length - count('unfetchable'), wrong: count('contradicted') }),
  }
}
