// Reads the archive at a URL with the npm package pmtiles, by range requests, and writes as JSON its header, its metadata and the
// SHA-256 of each tile that is named on standard input ("z/x/y" a line; null where there is none).
// Arguments: a file in the folder whose node_modules hold pmtiles, the URL.
import {createHash} from 'node:crypto';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {readFileSync} from 'node:fs';

const require = createRequire(process.argv[2]);
const {PMTiles} = await import(pathToFileURL(require.resolve('pmtiles')).href);
const archive = new PMTiles(process.argv[3]);
const tiles = {};
for (const address of readFileSync(0, 'utf8').trim().split('\n')) {
  const [z, x, y] = address.split('/').map(Number);
  const tile = await archive.getZxy(z, x, y);
  tiles[address] = tile ? createHash('sha256').update(new Uint8Array(tile.data)).digest('hex') : null;
}
process.stdout.write(JSON.stringify({header: await archive.getHeader(), metadata: await archive.getMetadata(), tiles}));
