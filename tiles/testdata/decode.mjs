// Reads a tile from standard input with the decoder inside MapLibre and writes it as JSON.
// The first argument is a file in the folder whose node_modules hold @mapbox/vector-tile and pbf.
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {readFileSync} from 'node:fs';

const require = createRequire(process.argv[2]);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const {VectorTile} = await load('@mapbox/vector-tile');
const {PbfReader} = await load('pbf');
const tile = new VectorTile(new PbfReader(readFileSync(0)));
const out = {};
for (const [name, layer] of Object.entries(tile.layers)) {
  const features = [];
  for (let i = 0; i < layer.length; i++) {
    const f = layer.feature(i);
    const geometry = f.loadGeometry().map((part) => part.map((p) => [p.x, p.y]));
    features.push({id: f.id, type: f.type, properties: f.properties, geometry});
  }
  out[name] = {version: layer.version, extent: layer.extent, features};
}
process.stdout.write(JSON.stringify(out));
