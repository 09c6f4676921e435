// `npm run pictures`: photographs the running pages for docs/.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readOptions } from '../../scripts/options.ts'
import { takePictures } from './photographs.ts'
import { currentHashes, FOLDER, HASHES } from './sources.ts'

const USAGE = `Usage: npm run pictures

Runs the server of src/ with every login method, opens its pages in a browser, and writes docs/pictures/.`

readOptions(USAGE, {})
for (const [name, png] of Object.entries(await takePictures())) {
  writeFileSync(join(FOLDER, name), png)
  console.log(`✓ ${join(FOLDER, name)} (${Math.round(png.length / 1024)} KiB)`)
}
writeFileSync(HASHES, `${JSON.stringify(currentHashes(), null, 2)}\n`)
