import { fork } from 'node:child_process'
import { join } from 'node:path'
import { contentOf, makeVersion, run, token } from '#dataset/publish/publish.fixture.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { shardWorld } from '#test/golden/shards.ts'
import { seededRandom } from '#test/seeded-random.ts'
import { startHub, type Hub } from '#test/site/hub.ts'

/** Where a repository lies stands in its Croissant file alone. */
const isElsewhereToo = ([path]: [string, string]): boolean => path !== 'croissant.json'

/** What became of a repository: its files, the objects that came, in order of their names, and its tags. */
const outcomeOf = (hub: Hub) => ({
  content: contentOf(hub).filter(isElsewhereToo),
  uploaded: hub.uploaded.toSorted(),
  tags: [...hub.repos.values()].map(({ tags }) => [...tags.keys()]),
})

/** Publishes so many files in one go, and to another hub, killed so often at a request by chance, then to its end. */
export async function publishKilled({ files, kills, seed }: { files: number; kills: number; seed: number }) {
  await using world = await shardWorld()
  await using whole = await startHub({ token })
  await using hub = await startHub({ token })
  whole.pageEntries = hub.pageEntries = 200
  await makeVersion(world, testDocuments(files), { perFile: 1 })
  await run(world, whole)
  const random = seededRandom(seed)
  const step = whole.requests.length / kills
  for (let kill = 0; kill < kills; kill++) await publishAndKill(world.dir, hub, { atRequest: Math.floor(random() * step) + 2, isDone: kill % 2 === 0 })
  const exitCode = await publishAndKill(world.dir, hub, { atRequest: Infinity, isDone: true })
  return { exitCode, whole: outcomeOf(whole), killed: outcomeOf(hub) }
}

/** @param isDone whether the request in whose midst it is killed is done @returns its exit code; null when it was killed */
async function publishAndKill(dir: string, hub: Hub, { atRequest, isDone }: { atRequest: number; isDone: boolean }): Promise<number | null> {
  const child = fork(join(import.meta.dirname, 'publish-child.ts'), [dir, hub.origin], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const exited = new Promise<number | null>((resolve) => void child.once('exit', resolve))
  let requests = 0
  let isKilled = false
  hub.before = async () => {
    if (isKilled || requests++ < atRequest) return
    isKilled = true
    child.kill('SIGKILL')
    await exited
    if (!isDone) throw new Error('whoever asked is dead')
  }
  const code = await exited
  hub.before = () => undefined
  return code
}
