// Before `npm pack`: bundles the program, and copies the project that it starts from.
import { execFileSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { packedName } from './src/template.ts'

const here = import.meta.dirname
const root = resolve(here, '..')

for (const folder of ['dist', 'template']) rmSync(join(here, folder), { recursive: true, force: true })
await build({
  entryPoints: [join(here, 'src/index.ts')],
  outfile: join(here, 'dist/index.js'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  banner: { js: '#!/usr/bin/env node' },
  logLevel: 'warning',
})
const listed = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 })
for (const file of listed.split('\0').filter((file) => file !== '' && !file.startsWith('create/')))
  cpSync(join(root, file), join(here, 'template', packedName(file)), { recursive: true })
