import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeRejects } from '#scraper/rejects/rejects-file.ts'

/** URL → the last reason, of what a miner has dropped: of its closed files, then of the open end, whose last line a kill may have cut off. */
export async function rejectsOf(dataDir: string, miner: string): Promise<Map<string, string>> {
  const folder = join(dataDir, 'rejects', miner)
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.parquet')).toSorted()
  const rows: { subject: string; reason: string }[] = []
  for (const name of files) rows.push(...(await decodeRejects(await readFile(join(folder, name)))))
  const open = await readFile(`${folder}.jsonl`, 'utf8').catch(() => '')
  for (const line of open.split('\n')) if (line.startsWith('{') && line.endsWith('}')) rows.push(JSON.parse(line) as { subject: string; reason: string })
  return new Map(rows.map(({ subject, reason }) => [subject, reason]))
}
