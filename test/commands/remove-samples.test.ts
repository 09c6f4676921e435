// `npm run remove-samples`, on a copy of this project.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PATHS, sampleClasses, withoutSample } from '../../scripts/samples.ts'
import { Copy } from '../fork/copy.ts'

const FILES = ['wrangler.toml', 'src/config.ts', 'src/index.ts', 'src/server/index.ts']
/** A fork may have removed it. */
const hasSample = PATHS.some((path) => existsSync(path))

let copy: Copy

beforeEach(() => {
  copy = new Copy()
})
afterEach(() => copy.remove())

describe.runIf(hasSample)('npm run remove-samples', () => {
  it('removes every trace, says so, and finds nothing the second time', async () => {
    const { code, output } = await copy.npm('remove-samples')
    for (const path of PATHS) expect(output).toContain(`✓ Removed ${path}\n`)
    for (const path of PATHS) expect(existsSync(join(copy.folder, path))).toBe(false)
    for (const file of FILES) expect(output).toMatch(new RegExp(`✓ Removed \\d lines? from ${file}`))
    expect(output).toContain('state = "deleted"')
    expect(code).toBe(0)
    for (const file of FILES) expect(copy.read(file)).not.toMatch(/sample$|notebook/im)
    expect(copy.read('src/env.d.ts')).not.toContain('Notebook')
    copy.commit()
    expect(await copy.npm('remove-samples')).toEqual({ code: 0, output: '✓ Nothing is left of the sample\n' })
  })

  it.each(['src/config.ts', 'src/server/notes/tools.ts', 'src/server/notes/mine.ts'])(
    'refuses while %s has uncommitted changes, unless it is forced',
    async (file) => {
      copy.write(file, `${existsSync(join(copy.folder, file)) ? copy.read(file) : ''}// mine\n`)
      const before = FILES.map((one) => copy.read(one))
      const { code, output } = await copy.npm('remove-samples')
      expect(output).toContain(`${file}\nCommit them first, or type: npm run remove-samples -- --force`)
      expect(code).toBe(1)
      expect(FILES.map((one) => copy.read(one))).toEqual(before)
      expect((await copy.npm('remove-samples', ['--force'])).code).toBe(0)
      expect(existsSync(join(copy.folder, 'src/server/notes'))).toBe(false)
    },
  )

  it('does not mind changes elsewhere', async () => {
    copy.write('README.md', 'Mine\n')
    expect((await copy.npm('remove-samples')).code).toBe(0)
  })

  it('says how to undo it when it fails half way', async () => {
    copy.write('src/config.ts', `${copy.read('src/config.ts')}\nexport const = 1\n`)
    copy.commit()
    const { code, output } = await copy.npm('remove-samples')
    expect(output).toContain(
      'The sample is half removed. Undo it: git restore src/server/notes public/views/notes.html wrangler.toml',
    )
    expect(code).toBe(1)
  })
})

describe('a file without its sample', () => {
  it('has lost the lines that end so, and the tables whose header does', () => {
    const text = 'a # sample\nb\n[x.y] # sample\nc = 1\n\n[z]\nd // sample\n# sample of e\n[last] # sample\nf'
    expect(withoutSample(text)).toEqual({ text: 'b\n[z]\n# sample of e', removed: 7 })
  })

  it('has lost a table up to the next, without a blank line between', () => {
    expect(withoutSample('[x] # sample\nc = 1\n[z]\nd').text).toBe('[z]\nd')
  })

  it('is known by its classes', () => {
    expect(sampleClasses('[exports.A]\n[exports.B] # sample\n')).toEqual(['B'])
  })
})
