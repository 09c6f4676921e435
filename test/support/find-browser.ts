// Looks for a browser that Playwright can drive: Chrome, Chromium or Edge.
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { posix, win32 } from 'node:path'
import { chromium } from 'playwright-core'

export const NONE_FOUND =
  'The tests need Chrome, Chromium or Edge: install one, or set CHROMIUM_PATH to its program.'

/** Where to look, so that a test can look elsewhere. */
export interface Places {
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** Where Playwright keeps what it has downloaded. */
  readonly downloaded: string
  readonly exists: (path: string) => boolean
}

const COMMANDS = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'microsoft-edge',
  'microsoft-edge-stable',
  'msedge',
]

/** Programs that no PATH names. */
const LINUX = ['/opt/google/chrome/chrome', '/opt/microsoft/msedge/msedge', '/snap/bin/chromium']
const MAC = ['Google Chrome', 'Chromium', 'Microsoft Edge']
const WINDOWS = [
  'Google\\Chrome\\Application\\chrome.exe',
  'Microsoft\\Edge\\Application\\msedge.exe',
  'Chromium\\Application\\chrome.exe',
]

export function placesOfThisMachine(): Places {
  return {
    platform: process.platform,
    env: process.env,
    home: homedir(),
    downloaded: chromium.executablePath(),
    exists: existsSync,
  }
}

/** The first browser that is there and starts. @param starts whether a program is a browser that works here */
export async function findBrowser(
  places: Places,
  starts: (program: string) => boolean | Promise<boolean> = () => true,
): Promise<string | undefined> {
  for (const program of new Set(candidates(places))) {
    if (places.exists(program) && (await starts(program))) return program
  }
  return undefined
}

function candidates({ platform, env, home, downloaded }: Places): string[] {
  const isWindows = platform === 'win32'
  const { join, delimiter } = isWindows ? win32 : posix
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter(Boolean)
  const commands = COMMANDS.flatMap((name) =>
    folders.map((folder) => join(folder, isWindows ? `${name}.exe` : name)),
  )
  return [...commands, ...installed(platform, env, home), downloaded]
}

function installed(platform: NodeJS.Platform, env: Places['env'], home: string): string[] {
  if (platform === 'win32') {
    const roots = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter(
      (root) => root !== undefined,
    )
    return roots.flatMap((root) => WINDOWS.map((path) => win32.join(root, path)))
  }
  if (platform === 'darwin') {
    const folders = ['/Applications', posix.join(home, 'Applications')]
    return folders.flatMap((folder) =>
      MAC.map((name) => posix.join(folder, `${name}.app/Contents/MacOS/${name}`)),
    )
  }
  return LINUX
}

/** Whether it starts here: a program may lack libraries, or only say how to install the real one. */
export async function browserStarts(executablePath: string): Promise<boolean> {
  try {
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'], timeout: 60_000 })
    await browser.close()
    return true
  } catch {
    return false
  }
}
