import { expect, test } from 'vitest'
import { openSite } from '#test/site/site.ts'
import { job, openBench } from '../miner/bench.fixture.ts'
import { good } from '../miner/pages.fixture.ts'

const short = '<html lang="en"><title>Short</title><p>Too short a text, by ann@thesky.com.</p></html>'
const pages = { '/': good(1, ['/short', '/closed']), '/short': short, '/closed': short.replace('<title>', '<meta name="robots" content="noindex"><title>') }

async function rejectsOf(settings: { rejected_text_bytes?: number }) {
  await using site = await openSite({ 'a.localhost': pages })
  await using bench = await openBench(site, { jobs: [job('docs', ['http://a.localhost/'], ['http://a.localhost/*'])], settings })
  await bench.cycle()
  const rejects = (await bench.rejects()) as { subject: string }[]
  return new Map(rejects.map((reject) => [new URL(reject.subject).pathname, reject]))
}

test('a page that quality refuses keeps the scores that refused it, with what they should have been', async () => {
  const rejects = await rejectsOf({})
  expect(rejects.get('/short')).toMatchObject({
    reason: 'gopher_too_short',
    label: 'docs',
    details: { lang: 'und', scores: { word_count: { reason: 'gopher_too_short', score: 6, min: 50, max: 100_000 } } },
  })
  expect(rejects.get('/short')).not.toHaveProperty('text')
})

test('and the beginning of its text where that is wished, without personal data; what its owner withholds is never kept', async () => {
  const rejects = await rejectsOf({ rejected_text_bytes: 29 })
  expect(rejects.get('/short')).toMatchObject({ title: 'Short', text: 'Too short a text, by [email].' })
  expect(rejects.get('/closed')).toMatchObject({ reason: 'noindex' })
  expect(rejects.get('/closed')).not.toHaveProperty('text')
  expect((await rejectsOf({ rejected_text_bytes: 23 })).get('/short')).toMatchObject({ text: 'Too short a text, by [e' })
})
