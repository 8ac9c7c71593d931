import { isTag, type ParentNode } from 'domhandler'
import { dateClaims } from '#scraper/extract/dates/date-claims.ts'
import { pageDates } from '#scraper/extract/dates/dates.ts'
import { parseHtml } from '#scraper/extract/html/dom.ts'
import { median, type Bench, type Sample } from './bench.ts'
import { datedPages, noDevelopmentSet, type DatedPage } from './development-set.ts'

/**
 * The day a page was published: how often it is right, and what finding it costs beside the one DOM that a page becomes anyway, which is what the same run
 * costs less without it.
 */
const quickPages = 60
const warmPages = 100
const nowMs = Date.UTC(2026, 0, 15)
let pages: DatedPage[] = []

function dayOf(root: ParentNode, url: string): string | null {
  const html = root.children.find((node) => isTag(node) && node.name === 'html')
  return pageDates(dateClaims(root), { url, lang: html && isTag(html) ? html.attribs['lang'] : undefined, lastModified: undefined, nowMs }).publishedDay
}

const contestant = (find: (root: ParentNode, url: string) => string | null) => ({
  async setUp(quick: boolean) {
    const all = await datedPages()
    const step = quick ? Math.ceil(all.length / quickPages) : 1
    pages = all.filter((_, n) => n % step === 0)
    for (const { html, url } of pages.slice(0, warmPages)) find(parseHtml(html).root, url)
  },
  run: async () => {
    const counts = { pages: pages.length, right: 0, wrong: 0, missed: 0 }
    for (const { html, url, published } of pages) {
      const day = find(parseHtml(html).root, url)
      counts[day === null ? 'missed' : day === published ? 'right' : 'wrong']++
    }
    return counts
  },
})

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
