import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { robotsText } from '#scraper/robots/robots-lines.ts'
import { parseRobots, robotsBytesMax } from '#scraper/robots/robots-txt.ts'
import { median, type Bench, type Sample } from './bench.ts'
import { askRobotsPort, buildRobotsPort, type RobotsQuestion } from './robots-port.ts'

/**
 * Real robots.txt files, each asked about URLs made of its own rules, as a browser would send them: our verdicts against those of Google's parser. What
 * differs has to be one of the deliberate differences below, which is tried: asked of the file and the URL without what they differ by, Google's parser
 * gives our verdict.
 */
const data = join(import.meta.dirname, '../../../shared/data/robots-txt.jsonl.gz')
const origin = 'http://site.example'
const agents = ['Orrery', 'Googlebot'] as const
const rulesPerFile = 40
const quickShare = 10
const shownMax = 20

/** What differs on purpose, and what makes it the same. In the order in which they are tried. */
const deliberate: Readonly<Record<string, (question: RobotsQuestion) => RobotsQuestion>> = {
  /** RFC 9309 §2.2.4: Sitemap, Crawl-delay, Noindex and the like end no list of agents; they do for the parser as it was published. */
  other_records: ({ file, ...rest }) => ({
    ...rest,
    file: linesOf(file)
      .filter((line) => /^\s*(?:user|allow|dis|dia)/i.test(line))
      .join('\n'),
  }),
  /** §2.2.2: rule and URL are compared after one encoding; the parser leaves the URL as it is, and of a rule encodes what is not ASCII. */
  encoding: ({ file, agent, urls }) => ({
    agent,
    file: linesOf(file)
      .map((line) => line.replace(/^([^#:]*:)\s*([^#]*?)\s*(?:#.*)?$/, (_, key: string, value: string) => `${key} ${oneEncoding(value)}`))
      .join('\n'),
    urls: urls.map((url) => origin + oneEncoding(url.slice(origin.length))),
  }),
  /** §2.2.2: the file itself may always be asked for. */
  robots_txt_itself: (question) => ({ ...question, file: question.urls[0] === `${origin}/robots.txt` ? '' : question.file }),
  /** Where a tool wrapped the file in HTML, its tags are no part of names and paths. */
  html: ({ file, ...rest }) => ({ ...rest, file: file.replace(/<[^<>]*>/g, '\n') }),
}

const withoutAny = (question: RobotsQuestion): RobotsQuestion => Object.values(deliberate).reduce((asked, without) => without(asked), question)

const linesOf = (file: string): string[] => file.split(/[\r\n]+/)

/** Not the code under test: what is printed and divides nothing as itself, all else encoded. */
function oneEncoding(path: string): string {
  const encoded = path.replace(/%(?![\da-f]{2})/gi, '%25').replace(/[^!-~]/g, encodeURIComponent)
  return encoded.replace(/%[\da-f]{2}/gi, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    return /[!-~]/.test(character) && !'/?#%&=+;*$'.includes(character) ? character : escaped.toUpperCase()
  })
}

let questions: RobotsQuestion[] = []

function readQuestions(quick: boolean): void {
  if (!existsSync(data)) return
  const rows = gunzipSync(readFileSync(data)).toString().trimEnd().split('\n')
  questions = rows.filter((_, n) => !quick || n % quickShare === 0).flatMap(questionsOf)
}

function questionsOf(row: string): RobotsQuestion[] {
  const body = Buffer.from((JSON.parse(row) as { body_base64: string }).body_base64, 'base64').subarray(0, robotsBytesMax)
  const file = robotsText(body)
    .replace(/^\uFEFF/, '')
    .toWellFormed()
    .replace(/[^\0-\x7f]+/gu, encodeURIComponent)
  const paths = linesOf(file).flatMap((line) => /^\s*(?:dis)?allow\s*:\s*([^#\s][^#]*)/i.exec(line)?.[1]?.trim().replace(/\$$/, '') ?? [])
  const step = Math.max(1, paths.length / rulesPerFile)
  const some = paths.filter((_, n) => Math.floor(n / step) !== Math.floor((n - 1) / step))
  const links = ['/', ...some.flatMap((path) => [path.replaceAll('*', 'x'), `${path.replaceAll('*', '')}a`])]
  const urls = links.flatMap((link) => URL.parse(link.startsWith('/') ? origin + link : `/${link}`, origin) ?? [])
  const sent = [...new Set(urls.filter((url) => url.origin === origin).map(({ pathname, search }) => origin + pathname + search))]
  return agents.map((agent) => ({ file, agent, urls: sent }))
}

/** In the order of the questions and their URLs. */
function ourVerdicts(): boolean[] {
  const verdicts: boolean[] = []
  for (const { file, agent, urls } of questions) {
    const { allows } = parseRobots(file, agent, `${origin}/robots.txt`)
    for (const url of urls) verdicts.push(allows(url.slice(origin.length)))
  }
  return verdicts
}

/** How many of the verdicts differ, by what they differ by. */
async function compare(program: string, ours: readonly boolean[]): Promise<Record<string, number>> {
  const theirs = await askRobotsPort(program, questions)
  const single = questions.flatMap(({ urls, ...question }) => urls.map((url): RobotsQuestion => ({ ...question, urls: [url] })))
  let open = single.flatMap((question, n) => (theirs[n] === ours[n] ? [] : [{ question, ours: ours[n] }]))
  const counts: Record<string, number> = { verdicts: ours.length, differ: open.length }
  for (const [kind, without] of Object.entries({ ...deliberate, several: withoutAny })) {
    const answers = await askRobotsPort(
      program,
      open.map(({ question }) => without(question)),
    )
    const left = open.filter((one, n) => answers[n] !== one.ours)
    counts[kind] = open.length - left.length
    open = left
  }
  counts['unexplained'] = open.length
  for (const { question, ours: allowed } of open.slice(0, shownMax))
    console.log(`unexplained: ${question.agent} ${question.urls[0]}, ours ${allowed}\n${question.file.slice(0, 500)}`)
  return counts
}

const perCpuSecond = ({ counts, cpuSeconds }: Sample): number => (counts['verdicts'] ?? 0) / cpuSeconds

let program: string | undefined

export const bench: Bench = {
  contestants: {
    ours: {
      setUp: async (quick) => readQuestions(quick),
      run: async () => ({ verdicts: ourVerdicts().length }),
    },
    port: {
      async setUp(quick) {
        readQuestions(quick)
        program = questions.length === 0 ? undefined : await buildRobotsPort()
      },
      run: async () => (program === undefined ? {} : compare(program, ourVerdicts())),
    },
  },
  summarize({ ours = [], port = [] }) {
    const counts = port[0]?.counts ?? {}
    const verdicts = ours[0]?.counts['verdicts'] ?? 0
    const kinds = ['differ', ...Object.keys(deliberate), 'several', 'unexplained']
    const figures = Object.fromEntries(kinds.map((kind) => [`robots_${kind}`, counts[kind] ?? null]))
    const notes: Record<string, string> = {}
    if (verdicts === 0) notes['ours'] = 'needs the real robots.txt files, which are no part of the project, in shared/data beside it'
    else if (counts['differ'] === undefined) notes['port'] = "needs cargo and the crate robotstxt, a port of Google's parser"
    return { figures: { robots_verdicts: verdicts === 0 ? null : verdicts, ...figures, robots_verdicts_per_cpu_s: median(ours.map(perCpuSecond)) }, notes }
  },
}
