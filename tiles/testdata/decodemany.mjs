// Reads tiles, one a line in base64, from standard input with the decoder inside MapLibre and writes them as a JSON array: an
// object of layers each, or a text that says why it cannot be read. The first argument is as for decode.mjs.
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {readFileSync} from 'node:fs';

const require = createRequire(process.argv[2]);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const {VectorTile} = await load('@mapbox/vector-tile');
const {PbfReader} = await load('pbf');

function decode(bytes) {
  const out = {};
  for (const [name, layer] of Object.entries(new VectorTile(new PbfReader(bytes)).layers)) {
    out[name] = Array.from({length: layer.length}, (_, i) => {
      const f = layer.feature(i);
      return {id: f.id, type: f.type, properties: f.properties, geometry: f.loadGeometry()};
    });
  }
  return out;
}

const lines = readFileSync(0, 'utf8').split('\n').slice(0, -1);
process.stdout.write(JSON.stringify(lines.map((line) => {
  try {
    return decode(Buffer.from(line, 'base64'));
  } catch (e) {
    return String(e);
  }
})));
