import { join } from 'node:path'
import { fileNearDuplicates, type IndexOptions } from '#infra/near-duplicates/near-duplicates.ts'
import type { NearDuplicates } from '#schemas/near-duplicates.ts'

/** What a miner of this data folder has seen. @throws OrreryError `conflict` beside another that writes, `data_unreadable` */
export const openKnownDocuments = (dataDir: string, miner: string, options: IndexOptions = {}): NearDuplicates & AsyncDisposable =>
  fileNearDuplicates(join(dataDir, 'near-duplicates', miner), options)
