import { expect, test } from 'vitest'
import { findPython, runPython } from '#test/bench/python.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { servedDataset } from '#test/golden/served-dataset.ts'

const python = await findPython({ packages: ['cdx_toolkit'], install: false })
if (!python) console.warn('cdx_toolkit asks nothing: no Python has it; name one in PYARROW_PYTHON')

const script = `
import json, os, sys
os.environ['CDXT_DEFAULT_MIN_RETRY_INTERVAL'] = '0'
import cdx_toolkit
cdx = cdx_toolkit.CDXFetcher(source=sys.argv[1])
print(json.dumps({
  'got': [capture['url'] for capture in cdx.get('host1.example/*', filter=['=status:200', '~url:.*/page/1'])],
  'iterated': len(list(cdx.iter('*.example', from_ts='2026', to='2026'))),
  'limited': len(list(cdx.iter('*.example', limit=3))),
  'nothing': list(cdx.iter('nothing.test/*')),
  'pages': cdx.get_size_estimate('*.example', as_pages=True),
}))
`

test.runIf(python)('cdx_toolkit gets, goes through the pages of, and estimates what there is', async () => {
  await using served = await servedDataset([{ documents: testDocuments(30) }])
  expect(await runPython(python!, script, [`${served.origin}/cdx`])).toEqual({
    got: [
      'https://host1.example/page/1',
      'https://host1.example/page/10',
      'https://host1.example/page/13',
      'https://host1.example/page/16',
      'https://host1.example/page/19',
    ],
    iterated: 30,
    limited: 3,
    nothing: [],
    pages: 1,
  })
})
