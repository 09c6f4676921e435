// Before `npm pack`: bundles the program, and copies the project that it starts from.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, rmSync } from 'node:fs'
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
// git lists a file that was deleted until that is committed.
const isOurs = (file: string) => file !== '' && !file.startsWith('create/') && existsSync(join(root, file))
for (const file of listed.split('\0').filter(isOurs))
  cpSync(join(root, file), join(here, 'template', packedName(file)), { recursive: true })
