// Finds a browser before any test runs, and installs one where there is none.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import { chromium } from 'playwright-core'
import { programOf } from '../../scripts/program.ts'
import { browserStarts, findBrowser, NONE_FOUND, placesOfThisMachine } from './find-browser.ts'

/** No browser is here, and none can be had. The message says what to type. */
export class NoBrowser extends Error {}

/** One way to get a browser. */
export interface Way {
  readonly says: string
  /** Whether it can work here. */
  readonly isOpen: () => boolean
  /** Returns whether it did. */
  readonly go: () => Promise<boolean>
}

export interface Search {
  /** CHROMIUM_PATH. */
  readonly named: string | undefined
  readonly exists: (path: string) => boolean
  readonly find: () => Promise<string | undefined>
  /** Tried in turn, until a browser is found. */
  readonly ways: readonly Way[]
  readonly say: (line: string) => void
  /** What to type if all of it fails. */
  readonly advice: string
}

/** The program of a browser that starts. @throws NoBrowser */
export async function getBrowser(search: Search = searchOfThisMachine()): Promise<string> {
  const { named, exists, find, ways, say, advice } = search
  if (named && exists(named)) return named
  if (named) throw new NoBrowser(`CHROMIUM_PATH names ${named}, which does not exist. Correct or unset it.`)
  const found = await find()
  if (found) return found
  for (const { says, isOpen, go } of ways) {
    if (!isOpen()) continue
    say(`No browser found. ${says} …`)
    const got = (await go()) ? await find() : undefined
    if (got) return got
  }
  throw new NoBrowser(advice)
}

function searchOfThisMachine(): Search {
  const mayInstall = () => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  const playwright = programOf('playwright-core', 'playwright-core')
  const ways = [
    {
      says: 'Downloading the one that Playwright brings',
      isOpen: () => true,
      go: () => succeeds(process.execPath, playwright, 'install', 'chromium', '--no-shell'),
    },
    // A bare machine lacks the libraries of a browser that was downloaded.
    {
      says: 'Installing the libraries that it needs',
      isOpen: () => mayInstall() && existsSync(chromium.executablePath()),
      go: () => succeeds(process.execPath, playwright, 'install-deps', 'chromium'),
    },
    {
      says: 'Installing the package chromium',
      isOpen: mayInstall,
      go: async () =>
        (await succeeds('apt-get', 'update', '-q')) &&
        (await succeeds('apt-get', 'install', '-y', '-q', '--no-install-recommends', 'chromium')),
    },
  ]
  return {
    named: process.env.CHROMIUM_PATH,
    exists: existsSync,
    find: () => findBrowser(placesOfThisMachine(), browserStarts),
    ways,
    say: console.log,
    advice: ADVICE[process.platform] ?? NONE_FOUND,
  }
}

const ADVICE: Partial<Record<NodeJS.Platform, string>> = {
  linux:
    'The tests need a browser, and none could be installed: type `sudo apt-get install chromium` or install ' +
    'Chrome another way, then `npm test` again (CHROMIUM_PATH names a browser in an unusual place).',
  darwin: 'The tests need a browser, and none could be downloaded: type `brew install --cask google-chrome`.',
  win32: 'The tests need a browser, and none could be downloaded: type `winget install Google.Chrome`.',
}

/** Runs a program and shows what it prints, except for stacks. Returns whether it succeeded. */
async function succeeds(command: string, ...args: readonly string[]): Promise<boolean> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (!/^\s|^}|^$|^\(Reading database/.test(line)) console.log(`  ${stripVTControlCharacters(line)}`)
    })
  }
  const [code] = await Promise.race([once(child, 'close'), once(child, 'error').then(() => [1])])
  return code === 0
}
