import { expect, test } from 'vitest'
import { urlDate } from './date-url.ts'

test.each([
  ['/2024/05/17/title', '2024-05-17'],
  ['/news/2024-5-17-title', '2024-05-17'],
  ['/news/title-20240517.html', '2024-05-17'],
  ['/2024/may/17/title', '2024-05-17'],
  ['/17-05-2024/title', '2024-05-17'],
  ['/17-may-2024-title', '2024-05-17'],
  ['/title?date=2024-05-17', '2024-05-17'],
  ['/2019/01/01/archive/2024/05/17/title', '2024-05-17'],
  ['/2024/05/title', '2024-05'],
])('%s', (path, day) => expect(urlDate(`https://site.example${path}`, 'day-first')?.value).toBe(day))

test.each(['/title', '/20241799', '/123420240517', '/2024/13/17', '/web/20240517101112/x', '/1/2/3', ''])('none: %s', (path) =>
  expect(urlDate(`https://site.example${path}`, 'day-first')).toBeUndefined(),
)

const score = (path: string) => urlDate(`https://site.example${path}`, 'day-first')?.score ?? 0

test('a month is less sure than a day, and a query than a path', () => {
  expect(score('/2024/05/')).toBeLessThan(score('/?day=2024-05-17'))
  expect(score('/?day=2024-05-17')).toBeLessThan(score('/2024-05-17'))
})
