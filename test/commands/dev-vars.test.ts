// `.dev.vars` means to our scripts what it means to wrangler.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { completeDevVars, devVar } from '../../scripts/setup.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dev-vars-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

const write = (text: string) => writeFileSync(join(folder, '.dev.vars'), text)

describe('S17 .dev.vars', () => {
  it.each([
    ["OWNER_PASSPHRASE='in quotes'", 'in quotes'],
    ['OWNER_PASSPHRASE="in double quotes"', 'in double quotes'],
    ['OWNER_PASSPHRASE=plain', 'plain'],
    ['OWNER_PASSPHRASE=plain # and why', 'plain'],
    ["OWNER_PASSPHRASE='quoted' # and why", 'quoted'],
    ["OWNER_PASSPHRASE='with # inside'", 'with # inside'],
    ['export OWNER_PASSPHRASE=exported', 'exported'],
    ['  OWNER_PASSPHRASE = spaced  ', 'spaced'],
    ['OWNER_PASSPHRASE=first\nOWNER_PASSPHRASE=last', 'last'],
    ["# OWNER_PASSPHRASE='commented out'", undefined],
    ['NOT_OWNER_PASSPHRASE=other', undefined],
    ["OWNER_PASSPHRASE=\nSESSION_KEY='of the next line'", undefined],
    ["OWNER_PASSPHRASE=''   # to be made", undefined],
  ])('is read as wrangler reads it: %j', (text, value) => {
    write(`${text}\n`)
    expect(devVar('OWNER_PASSPHRASE', folder)).toBe(value)
  })

  it('gets what is missing or empty, once, and keeps the rest', async () => {
    write("OWNER_PASSPHRASE=\nSESSION_KEY='mine'\n")
    const made = await completeDevVars(folder)
    expect(made).toContain('OWNER_PASSPHRASE')
    expect(made).not.toContain('SESSION_KEY')
    expect(devVar('OWNER_PASSPHRASE', folder)).toMatch(/^([a-z0-9]{4}-){6}[a-z0-9]{4}$/)
    expect(devVar('SESSION_KEY', folder)).toBe('mine')
    const text = readFileSync(join(folder, '.dev.vars'), 'utf8')
    expect(await completeDevVars(folder)).toEqual([])
    expect(readFileSync(join(folder, '.dev.vars'), 'utf8')).toBe(text)
  })
})
