/** What the program of a page calls a date of publication. */
const named =
  /["']?(?:date_?published|(?:article_?|first_?)?publish(?:ed)?_?(?:date|time|at|on)|(?:article_?)?pub_?date|original_?publish_?date)["']?\s{0,3}[:=]\s{0,3}["'](\d{4}-\d{2}-\d{2}[^"'\n]{0,30})["']/gi
const hints = ['ublish', 'ubdate', 'ubDate', 'ub_date']
const scriptCharsMax = 100_000
const datesMax = 50

/**
 * The day that the data of a program name as publication, as JSON or as an object literal; undefined where they name several: they are of a list.
 * @param script its text, of which the first 100,000 characters are looked at
 */
export function scriptDate(script: string): string | undefined {
  const start = script.slice(0, scriptCharsMax)
  // Most programs have none, which is seen sooner than searched.
  if (!hints.some((hint) => start.includes(hint))) return undefined
  const values: string[] = []
  for (const [, value = ''] of start.matchAll(named)) if (values.push(value) >= datesMax) break
  return new Set(values.map((value) => value.slice(0, 10))).size === 1 ? values[0] : undefined
}
