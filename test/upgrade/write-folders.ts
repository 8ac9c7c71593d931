import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { anyPorts, runProgram, startProgram, type RunningProgram } from '../e2e/program.ts'
import { writeSmallWeb } from './small-web.ts'

/**
 * `node write-folders.ts OUT`: data folders as the code beside it leaves them, for the upgrade test of the version that comes after: `turned.tar.xz` after
 * one whole turn, `killed.tar.xz` after kill -9 in the middle of an epoch and again in the middle of a crawl.
 */
const [out = ''] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'orrery-upgrade-'))
const data = join(folder, 'data')
const root = join(folder, 'web')

await writeSmallWeb(root, 40)
await once()
pack('turned')

const program = startProgram(['up', ...settings()])
await program.event('bridge.epoch')
await kill(program)
const miner = startProgram(['miner', 'run', '--set', 'miner.share=1/2', ...settings()])
while (waiting() < 3) await delay(2)
await kill(miner)
if (waiting() < 3) throw new Error('The queue was empty again before the miner was killed; run this once more.')
pack('killed')

function settings(): string[] {
  const set = { 'site.root': root, 'miner.pages_per_cycle': 20, 'miner.concurrency': 2, 'bridge.rows': 2, 'bridge.sequence_tokens': 64 }
  return ['--data', data, ...anyPorts, ...Object.entries(set).flatMap(([name, value]) => ['--set', `${name}=${value}`])]
}

async function once(): Promise<void> {
  const { code, stderr } = await runProgram(['up', '--once', ...settings()])
  console.log(stderr)
  if (code !== 0) throw new Error(stderr)
}

async function kill({ child, ended }: RunningProgram): Promise<void> {
  child.kill('SIGKILL')
  await ended
}

/** Documents that no shard holds yet. */
function waiting(): number {
  const database = new DatabaseSync(join(data, 'queue.sqlite'), { readOnly: true })
  try {
    return Number(database.prepare("select count(*) as n from messages where queue = 'documents-miner-1' and body is not null").get()?.['n'])
  } finally {
    database.close()
  }
}

function pack(name: string): void {
  const copy = join(folder, name)
  cpSync(data, copy, { recursive: true })
  // One time for all files: the archive then says nothing of whoever made it.
  execFileSync('tar', ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0', '-cJf', join(resolve(out), `${name}.tar.xz`), '-C', copy, '.'])
}
