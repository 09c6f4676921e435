// The bundle of a Worker of the fixture server, as wrangler makes it.
import { build, type Metafile } from 'esbuild'
import { FIXTURE_ENVIRONMENT } from './fixture.ts'

export interface Bundle {
  readonly code: string
  readonly metafile: Metafile
}

/** A Worker's file, or the text of one and the folder that its imports start from. */
export type Entry = string | { readonly text: string; readonly folder: string }

export async function bundle(entry: Entry, { minify } = { minify: false }): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...(typeof entry === 'string'
      ? { entryPoints: [entry] }
      : { stdin: { contents: entry.text, resolveDir: entry.folder, loader: 'ts' } }),
    bundle: true,
    write: false,
    metafile: true,
    minify,
    format: 'esm',
    conditions: FIXTURE_ENVIRONMENT.WRANGLER_BUILD_CONDITIONS.split(','),
    external: ['cloudflare:*', 'node:*'],
    keepNames: true,
  })
  return { code: outputFiles[0]?.text as string, metafile }
}
