// `npm run fork`: makes a fork of this project as people do, and runs all tests in it.
import { readFileSync } from 'node:fs'
import { readOptions } from '../../scripts/options.ts'
import { getBrowser } from '../support/get-browser.ts'
import { isFork } from './changes.ts'
import { fork } from './fork.ts'

const USAGE = `Usage: npm run fork

Makes a copy of this project in a temporary folder and changes it as people do: renames it, removes the sample, adds a
tool with storage, takes the optional parts out, switches login to passkeys and GitHub, changes the theme. Then runs all tests there, in about 10 minutes.`

readOptions(USAGE, {})

if (isFork(readFileSync('src/config.ts', 'utf8'))) {
  console.log('This is a fork already: npm test and npm run test:commands tell whether its tests are green.')
} else {
  try {
    process.env.CHROMIUM_PATH = await getBrowser()
    await fork({ full: true, say: console.log, watch: (printed) => process.stdout.write(printed) })
    console.log('\nA fork keeps its tests green.')
  } catch (error) {
    console.error(`✗ ${(error as Error).message}`)
    process.exitCode = 1
  }
}
