import { isTag, type ParentNode } from 'domhandler'
import { mainContent, type MainContent } from '#scraper/extract/content/main-content.ts'
import { dateClaims } from '#scraper/extract/dates/date-claims.ts'
import { pageDates } from '#scraper/extract/dates/dates.ts'
import { parseHtml } from '#scraper/extract/html/dom.ts'
import { median, type Bench, type Sample } from './bench.ts'
import { datedPages, noDevelopmentSet, type DatedPage } from './development-set.ts'

/**
 * The day a page was published: how often it is right, and what finding it costs beside the one DOM and the choice of its content that a page needs anyway,
 * which is what the same run costs less without it.
 */
const quickPages = 60
const warmPages = 100
const nowMs = Date.UTC(2026, 0, 15)
let pages: DatedPage[] = []

type Find = (root: ParentNode, url: string, content: MainContent) => string | null

const dayOf: Find = (root, url, content) => {
  const html = root.children.find((node) => isTag(node) && node.name === 'html')
  const claims = dateClaims(root, content)
  return pageDates(claims, { url, lang: html && isTag(html) ? html.attribs['lang'] : undefined, lastModified: undefined, nowMs }).publishedDay
}

const contestant = (find: Find) => ({
  async setUp(quick: boolean) {
    const all = await datedPages()
    const step = quick ? Math.ceil(all.length / quickPages) : 1
    pages = all.filter((_, n) => n % step === 0)
    for (const page of pages.slice(0, warmPages)) read(page, find)
  },
  run: async () => {
    const counts = { pages: pages.length, right: 0, wrong: 0, missed: 0 }
    for (const page of pages) {
      const day = read(page, find)
      counts[day === null ? 'missed' : day === page.published ? 'right' : 'wrong']++
    }
    return counts
  },
})

function read({ html, url }: DatedPage, find: Find): string | null {
  const { root } = parseHtml(html)
  return find(root, url, mainContent(root, url))
}

export const bench: Bench = {
  contestants: { dom: contestant(() => null), dates: contestant(dayOf) },
  summarize({ dom = [], dates = [] }) {
    const { pages: count = 0, right = 0, wrong = 0, missed = 0 } = dates[0]?.counts ?? {}
    if (count === 0) return { figures: { date_f1: null, date_ms: null, date_ms_with_dom: null }, notes: { dates: noDevelopmentSet } }
    return {
      figures: {
        date_f1: (2 * right) / (2 * right + wrong + missed),
        date_ms: median(dates.flatMap((sample, round) => (dom[round] ? [msPerPage(sample) - msPerPage(dom[round])] : []))),
        date_ms_with_dom: median(dates.map(msPerPage)),
      },
      notes: { dates: `${right} days right, ${wrong} wrong, ${missed} missed, of ${count} pages` },
    }
  },
}

const msPerPage = ({ cpuSeconds, counts }: Sample): number => (cpuSeconds * 1000) / (counts['pages'] ?? 1)
