import { expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { createHttp } from '#infra/net/http.ts'
import { openSite } from '#test/site/site.ts'
import { createRobots } from '../robots/robots.ts'
import { fetchTarget } from './fetch-target.ts'

const { signal } = new AbortController()
const long = `<p>${'long '.repeat(20_000)}`

async function fetchWith(find: () => Promise<string>) {
  await using site = await openSite({ 'h.localhost': { '/long': long, '/short': '<p>short' } })
  await using http = createHttp({ userAgent: 'Orrery/0', timeoutMs: 60_000, bytesMax: 1_000_000, hosts: site.hosts })
  const pace = systemClock()
  const services = { http, pace, robots: createRobots(http, pace), pages: { find } }
  const of = (path: string) => fetchTarget({ url: `http://h.localhost${path}`, kind: 'page' }, undefined, services, signal)
  return [await of('/long'), await of('/short')]
}

test('what reading throws is for who visits the page to end', async () => {
  const error = new RangeError('nobody thought of this')
  await expect(fetchWith(() => Promise.reject(error))).rejects.toBe(error)
})

test('what takes too much to read is refused as what it is', async () => {
  const [slow] = await fetchWith(async () => 'too_slow')
  expect(slow).toMatchObject({ kind: 'refused', reason: 'too_slow' })
})
