// `npm test` finds a browser before any test runs, gets one, or says what to type.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { findBrowser, type Places } from '../support/find-browser.ts'
import { getBrowser, NoBrowser, type Search } from '../support/get-browser.ts'

const DOWNLOADED = '/cache/chromium-1/chrome'

/** A machine that has these programs. */
function machine(programs: readonly string[], changes: Partial<Places> = {}): Places {
  return {
    platform: 'linux',
    env: { PATH: '/usr/local/bin:/usr/bin' },
    home: '/home/me',
    downloaded: DOWNLOADED,
    exists: (path) => programs.includes(path),
    ...changes,
  }
}

describe('a browser is found', () => {
  const windows = { platform: 'win32', env: { Path: 'C:\\bin', PROGRAMFILES: 'C:\\Program Files' } } as const
  const mac = { platform: 'darwin', env: { PATH: '/usr/bin' } } as const
  it.each<[string, string, Partial<Places>]>([
    ['Chromium on the PATH', '/usr/bin/chromium', {}],
    ['Chrome on the PATH', '/usr/local/bin/google-chrome', {}],
    ['Edge on the PATH', '/usr/bin/microsoft-edge-stable', {}],
    ['Chrome in /opt', '/opt/google/chrome/chrome', {}],
    ['the one of Playwright', DOWNLOADED, {}],
    ['Chrome on a Mac', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', mac],
    [
      'Edge in the home of a Mac',
      '/home/me/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
      mac,
    ],
    ['Chrome on Windows', 'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe', windows],
    ['Edge on Windows', 'C:\\Program Files\\Microsoft\\Edge\\Application\\msedge.exe', windows],
    ['Chromium on the Path of Windows', 'C:\\bin\\chromium.exe', windows],
  ])('%s', async (_what, program, changes) => {
    expect(await findBrowser(machine([program], changes))).toBe(program)
  })

  it('only if it starts', async () => {
    const places = machine(['/usr/bin/chromium', DOWNLOADED])
    expect(await findBrowser(places, (program) => program === DOWNLOADED)).toBe(DOWNLOADED)
  })

  it('not where there is none', async () => {
    expect(await findBrowser(machine([]))).toBeUndefined()
    expect(await findBrowser(machine([], { env: {} }))).toBeUndefined()
  })
})

describe('where no browser is found', () => {
  /** @param ways whether each is open, whether it succeeds, and whether there is a browser then */
  function search(...ways: readonly (readonly [boolean, boolean, boolean])[]) {
    const tried: number[] = []
    const said: string[] = []
    let found: string | undefined
    const given: Search = {
      named: undefined,
      exists: () => false,
      find: async () => found,
      ways: ways.map(([open, succeeds, brings], index) => ({
        says: `Way ${index}`,
        isOpen: () => open,
        go: async () => {
          tried.push(index)
          if (brings) found = `browser ${index}`
          return succeeds
        },
      })),
      say: (line) => said.push(line),
      advice: 'Type this.',
    }
    return { given, tried, said }
  }

  it('the first way that brings one is the last that is tried', async () => {
    const { given, tried, said } = search(
      [true, false, false],
      [false, true, true],
      [true, true, true],
      [true, true, true],
    )
    expect(await getBrowser(given)).toBe('browser 2')
    expect(tried).toEqual([0, 2])
    expect(said).toEqual(['No browser found. Way 0 …', 'No browser found. Way 2 …'])
  })

  it('a way that succeeds and brings none is followed by the next', async () => {
    const { given } = search([true, true, false], [true, true, true])
    expect(await getBrowser(given)).toBe('browser 1')
  })

  it('the end says what to type', async () => {
    const { given } = search([true, false, false])
    await expect(getBrowser(given)).rejects.toThrow(new NoBrowser('Type this.'))
  })
})

describe('CHROMIUM_PATH', () => {
  it('comes before all that is found', async () => {
    const given = {
      exists: () => true,
      find: async () => 'found',
      ways: [],
      say: () => undefined,
      advice: '',
    }
    expect(await getBrowser({ ...given, named: '/named' })).toBe('/named')
    expect(await getBrowser({ ...given, named: '' })).toBe('found')
  })

  it('that names nothing ends npm test with one sentence, before any test', async () => {
    const env = { ...process.env, CHROMIUM_PATH: '/no/browser' }
    const child = spawn(process.execPath, ['test/run.ts'], { env })
    const [output, complaint, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ])
    expect(complaint).toBe('✗ CHROMIUM_PATH names /no/browser, which does not exist. Correct or unset it.\n')
    expect([code, output]).toEqual([1, ''])
  })
})
