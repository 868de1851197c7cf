// Builds the page into dist/: one script, one style sheet, MapLibre's worker beside them, the
// licences of what was bundled, and a gzip twin of each file. Same sources, same bytes.
import * as esbuild from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');
const budget = 560 * 1024; // bytes of script and style after gzip

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 10);

async function clean() {
  await mkdir(join(dist, 'assets'), { recursive: true });
  for (const name of await readdir(dist)) {
    if (name !== 'placeholder.html') await rm(join(dist, name), { recursive: true });
  }
  await mkdir(join(dist, 'assets'));
}

// put writes an asset under a name that carries its digest, with its gzip twin, and returns the name.
async function put(stem, ending, bytes) {
  const name = `assets/${stem}-${digest(bytes)}${ending}`;
  await writeFile(join(dist, name), bytes);
  await writeFile(join(dist, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  return name;
}

// worker copies MapLibre's worker. It may import a file called shared; in the pinned version it does not.
async function worker() {
  const bytes = await readFile(join(root, 'node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs'));
  const code = bytes.toString('utf8').replace(/\/\/# sourceMappingURL=.*\s*$/, '');
  if (/\bfrom\s*["'`]\.\/|import\s*["'`]\.\//.test(code)) throw new Error('the worker imports another file: copy it too');
  return put('worker', '.mjs', Buffer.from(code));
}

async function bundle(workerName) {
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: { app: 'src/main.tsx', style: 'src/style.css' },
    bundle: true, minify: true, write: false, outdir: 'dist/assets',
    format: 'esm', target: 'es2022', jsx: 'automatic', jsxImportSource: 'preact',
    legalComments: 'none', charset: 'utf8',
    define: { WORKER_FILE: JSON.stringify(workerName) },
  });
  const of = (ending) => Buffer.from(result.outputFiles.find((f) => f.path.endsWith(ending)).contents);
  return { script: await put('app', '.js', of('app.js')), style: await put('style', '.css', of('style.css')) };
}

async function licences() {
  let text = 'The page of hazgrid contains the following works.\n';
  for (const [name, file] of [['maplibre-gl', 'LICENSE.txt'], ['preact', 'LICENSE']]) {
    const { version } = JSON.parse(await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8'));
    text += `\n==== ${name} ${version}\n\n${await readFile(join(root, 'node_modules', name, file), 'utf8')}`;
  }
  return put('licences', '.txt', Buffer.from(text));
}

async function main() {
  await clean();
  const workerName = await worker();
  const { script, style } = await bundle(workerName);
  const icon = await put('icon', '.svg', await readFile(join(root, 'src/icon.svg')));
  const names = { SCRIPT: script, STYLE: style, ICON: icon, LICENCES: await licences() };
  const template = await readFile(join(root, 'src/index.html'), 'utf8');
  const page = template.replace(/%(\w+)%/g, (_, key) => names[key]);
  await writeFile(join(dist, 'index.html'), page);
  await writeFile(join(dist, 'index.html.gz'), gzipSync(page, { level: 9 }));
  let total = 0;
  for (const name of [script, style, workerName]) {
    const size = (await readFile(join(dist, `${name}.gz`))).length;
    total += size;
    console.log(`${name} ${(size / 1024).toFixed(1)} KiB gzip`);
  }
  console.log(`total ${(total / 1024).toFixed(1)} KiB gzip`);
  if (total > budget) throw new Error(`over the budget of ${budget / 1024} KiB`);
}

await main();
