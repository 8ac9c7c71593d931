import { expect, test } from 'vitest'
import { runPython } from '#test/bench/python.ts'
import { testDocuments } from '#test/golden/documents.ts'
import { servedDataset } from '#test/golden/served-dataset.ts'

/** One Python for each release of `datasets`. */
const pythons = process.env['DATASETS_PYTHONS']?.split(':') ?? []
if (pythons.length === 0) console.warn('no release of `datasets` asks the viewer: name Pythons that have one in DATASETS_PYTHONS, with colons between')

/** As the library asks the viewer before it loads a dataset. */
const script = `
import json, sys
from datasets import Features, config
from datasets.utils import _dataset_viewer as viewer
class Endpoint(str):
  # The library puts the name of the viewer's host before that of the hub.
  def replace(self, *_):
    return str(self)
config.HF_ENDPOINT = Endpoint(sys.argv[1])
files = viewer.get_exported_parquet_files('web', sys.argv[2], None)
infos = viewer.get_exported_dataset_infos('web', sys.argv[2], None)
features = Features.from_dict(infos['default']['features'])
print(json.dumps({'files': [[file['config'], file['split']] for file in files], 'examples': infos['default']['splits']['train']['num_examples'], 'datetime': str(features['datetime'].dtype)}))
`

test.each(pythons)('%s finds the files and features of a dataset', async (python) => {
  await using served = await servedDataset([{ documents: testDocuments(5) }])
  expect(await runPython(python, script, [served.origin, served.entry.sha256])).toEqual({
    files: [['default', 'train']],
    examples: 5,
    datetime: 'timestamp[us, tz=UTC]',
  })
})
