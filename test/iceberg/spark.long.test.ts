import { expect, onTestFinished, test } from 'vitest'
import { createServer, listen } from '#infra/net/server.ts'
import { signedObjects } from '#infra/store/signed-objects.ts'
import { runPython } from '#test/bench/python.ts'
import { icebergRoutes } from '#dataset/iceberg/catalog-routes.ts'
import { tableScene, threeVersions } from '#dataset/iceberg/tables.fixture.ts'

/** A Python that has pyspark; a folder with the jars of Iceberg's Spark runtime and of its AWS bundle. */
const [python, jars] = [process.env['SPARK_PYTHON'], process.env['ICEBERG_JARS']]
if (!python || !jars)
  console.warn(
    'Spark opens no Iceberg table: name a Python with pyspark in SPARK_PYTHON, and a folder with iceberg-spark-runtime and iceberg-aws-bundle in ICEBERG_JARS',
  )

const script = `
import sys, json, pathlib
from pyspark.sql import SparkSession
origin, folder, jars = sys.argv[1:]
catalog = 'org.apache.iceberg.spark.SparkCatalog'
settings = {
  'spark.jars': ','.join(str(path) for path in pathlib.Path(jars).glob('*.jar')), 'spark.ui.enabled': 'false', 'spark.driver.host': '127.0.0.1', 'spark.driver.bindAddress': '127.0.0.1', 'spark.sql.session.timeZone': 'UTC',
  'spark.sql.catalog.served': catalog, 'spark.sql.catalog.served.type': 'rest', 'spark.sql.catalog.served.uri': origin + '/iceberg',
  'spark.sql.catalog.served.io-impl': 'org.apache.iceberg.aws.s3.S3FileIO',
  'spark.sql.catalog.there': catalog, 'spark.sql.catalog.there.type': 'hadoop', 'spark.sql.catalog.there.warehouse': 'file://' + folder,
}
builder = SparkSession.builder.master('local[1]')
for name, value in settings.items(): builder = builder.config(name, value)
spark = builder.getOrCreate()
def rows(query): return [list(row) for row in spark.sql(query).collect()]
said = {'tables': rows('show tables in served.orrery')}
for way, table in (('rest', 'served.orrery.web'), ('path', 'there.iceberg.\`table\`')):
  said[way] = [row[0] for row in rows(f'select id from {table} order by id')]
  for tag in ('v1', 'v2', 'v3'): said[f'{way} {tag}'] = [row[0] for row in rows(f"select id from {table} version as of '{tag}' order by id")]
  said[f'{way} label'] = [row[0] for row in rows(f"select id from {table} where label = 'constructor'")]
  said[f'{way} facts'] = rows(f'select count(*), sum(length(minhash)), sum(text_bytes), count(distinct label) from {table}')
  said[f'{way} day'] = rows(f"select count(*) from {table} where datetime >= timestamp '2026-01-07 00:00:00'")
said['snapshots'] = rows('select operation from served.orrery.web.snapshots order by committed_at')
spark.stop()
print(json.dumps(said))
`

test.skipIf(!python || !jars)(
  'Spark reads the rows of each version, through the catalog and by path',
  async () => {
    await using scene = await tableScene()
    await threeVersions(scene)
    const app = await createServer({ title: 'Test', version: '1', description: 'A test.' })
    onTestFinished(() => app.close())
    await icebergRoutes(app, () => scene)
    await app.register(signedObjects(scene.store))
    const { origin } = await listen(app, { host: '127.0.0.1', port: 0, setting: 'test' })
    const said = (await runPython(python!, script, [origin, `${scene.dir}/objects/datasets/web`, jars!])) as Record<string, unknown>
    expect(said).toMatchObject({ tables: [['orrery', 'web', false]], snapshots: [['overwrite'], ['overwrite'], ['delete']] })
    const documents = await scene.documents()
    const idsOf = (some: typeof documents) => some.map(({ id }) => id)
    for (const way of ['rest', 'path']) {
      expect(said[way]).toEqual(idsOf(documents))
      for (const version of [1, 2, 3]) expect(said[`${way} v${version}`]).toEqual(idsOf(await scene.documents(version)))
      expect(said[`${way} label`]).toEqual(idsOf(documents.filter(({ label }) => label === 'constructor')))
      const bytes = documents.reduce((sum, document) => sum + document.text_bytes, 0)
      expect(said[`${way} facts`]).toEqual([[documents.length, 448 * documents.length, bytes, new Set(documents.map(({ label }) => label)).size]])
      expect(said[`${way} day`]).toEqual([[documents.filter(({ datetime }) => datetime >= new Date('2026-01-07')).length]])
    }
  },
  600_000,
)
