// A real browser: Chrome, Chromium or Edge as this machine has it (CHROMIUM_PATH names another).
import { type Browser, chromium } from 'playwright-core'
import { findBrowser, NONE_FOUND, placesOfThisMachine } from './find-browser.ts'

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** @param flags of Chromium, beside those that every test needs */
export async function launchBrowser(...flags: readonly string[]): Promise<Browser> {
  const executablePath = process.env.CHROMIUM_PATH || (await findBrowser(placesOfThisMachine()))
  if (!executablePath) throw new Error(NONE_FOUND)
  return chromium.launch({ executablePath, args: [...ARGUMENTS, ...flags] })
}
