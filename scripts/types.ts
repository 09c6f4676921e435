// `npm run types`: generates the type of Env from each wrangler.toml.
import { done, run } from './deployment/terminal.ts'
import { GENERATED, writeTypes } from './generated-types.ts'
import { readOptions } from './options.ts'

const USAGE = `Usage: npm run types

Writes the type of Env from each wrangler.toml. Run it after every change of bindings, settings or secrets.`

readOptions(USAGE, {})

await run(async () => {
  for (const generated of GENERATED) {
    await writeTypes(generated)
    done(`Wrote ${generated.file} from ${generated.configuration}`)
  }
})
